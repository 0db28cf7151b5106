/** Opens a WebSocket where the platform has one: browsers, and other runtimes. It carries no token, and shows and trusts what the platform does. */

/** What a socket tells; `onClose` comes once and last. */
export interface SocketHandlers {
  onOpen(): void;
  onText(text: string): void;
  onClose(code: number): void;
}

export interface ClientSocket {
  send(text: string): void;
  close(): void;
}

/** What a caller is known by to a server that demands it; both PEM. */
export interface ClientCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface SocketCredentials {
  readonly token: string | undefined;
  /** PEM of one more authority to trust. */
  readonly authority?: string | undefined;
  readonly clientCertificate?: ClientCertificate | undefined;
}

export type OpenSocket = (url: string, credentials: SocketCredentials, handlers: SocketHandlers) => ClientSocket;

/** As much of the platform's WebSocket as is used. */
interface PlatformSocket {
  send(text: string): void;
  close(): void;
  addEventListener(type: string, listener: (event: { readonly data?: unknown; readonly code?: number }) => void): void;
}

export const openSocket: OpenSocket = (url, _credentials, handlers) => {
  const platformClass: unknown = Reflect.get(globalThis, 'WebSocket');
  if (typeof platformClass !== 'function') throw new Error('this platform has no WebSocket');
  const socket: PlatformSocket = Reflect.construct(platformClass, [url]);
  socket.addEventListener('open', () => handlers.onOpen());
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') handlers.onText(data);
  });
  socket.addEventListener('close', ({ code }) => handlers.onClose(code ?? 1006));
  return { send: text => socket.send(text), close: () => socket.close() };
};
