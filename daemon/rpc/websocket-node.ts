/** Opens a WebSocket in Node.js, which before version 22 has none of its own; with the token in a header. */
import { rootCertificates } from 'node:tls';
import { WebSocket } from 'ws';
import type { OpenSocket } from './websocket-portable.ts';

/** The largest message taken: an event of a block of 2 MiB whose values are all escaped. */
const messageBytesMax = 33_554_432;

export const openSocket: OpenSocket = (url, { token, authority, clientCertificate }, handlers) => {
  const socket = new WebSocket(url, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    maxPayload: messageBytesMax,
    handshakeTimeout: 10_000,
    ...(authority === undefined ? {} : { ca: [...rootCertificates, authority] }),
    ...(clientCertificate && { cert: clientCertificate.certificate, key: clientCertificate.key }),
  });
  socket.on('open', () => handlers.onOpen());
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (!isBinary) handlers.onText(data.toString('utf8'));
  });
  // What failed is told by the `close` that follows.
  socket.on('error', () => {});
  socket.on('close', code => handlers.onClose(code));
  return { send: text => socket.send(text), close: () => socket.terminate() };
};
