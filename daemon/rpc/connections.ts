/**
 * Bounds the connections of a server without letting idle ones lock others out: when one too many comes, the oldest that has not sent a
 * whole request is closed for it, so a thousand sockets that drip a byte now and then never keep a caller waiting.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

export class ConnectionLimiter {
  readonly #max: number;
  /** In the order of arrival; the request that a connection works on, null while it has none. */
  readonly #open = new Map<Duplex, IncomingMessage | 'upgraded' | null>();

  constructor(
    server: Server,
    options: { readonly max: number; readonly connectionEvent: 'connection' | 'secureConnection' },
  ) {
    this.#max = options.max;
    server.on(options.connectionEvent, (socket: Duplex) => this.#add(socket));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.#begin(request, response));
    server.on('upgrade', (request: IncomingMessage) => this.#open.set(request.socket, 'upgraded'));
  }

  get size(): number {
    return this.#open.size;
  }

  #add(socket: Duplex): void {
    if (this.#open.size >= this.#max) {
      const idle = this.#oldestIdle();
      if (idle === null) {
        socket.destroy();
        return;
      }
      this.#open.delete(idle);
      idle.destroy();
    }
    this.#open.set(socket, null);
    socket.once('close', () => this.#open.delete(socket));
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    if (this.#open.has(socket)) this.#open.set(socket, request);
    response.once('close', () => {
      if (this.#open.get(socket) === request) this.#open.set(socket, null);
    });
  }

  #oldestIdle(): Duplex | null {
    for (const [socket, request] of this.#open) {
      if (request === null || (request !== 'upgraded' && !request.complete)) return socket;
    }
    return null;
  }
}
