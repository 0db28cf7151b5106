/**
 * The server's side of connections before there is a request: how long one may take to come, over plain TCP or TLS, and how what is no
 * HTTP is answered.
 */
import { X509Certificate } from 'node:crypto';
import { createServer, type Server as HttpServer, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer, Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { assert, KvchainError } from '../../chain/errors.ts';
import { type DoorLimits, headerBytesMax, type TlsFiles } from './server-settings.ts';

/** A server that does not listen yet. Error: BAD_CONFIG when certificate, key or authority are none, or not each other's. */
export function makeServer(tls: TlsFiles | null, limits: DoorLimits): HttpServer | HttpsServer {
  const options = {
    maxHeaderSize: headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headersTimeoutMs),
    keepAliveTimeout: 5_000,
  };
  const server =
    tls === null
      ? createServer(options)
      : createTlsServer({
          ...options,
          ...secureOptions(tls),
          requestCert: tls.clientAuthority !== null,
          handshakeTimeout: limits.headersTimeoutMs,
        });
  // Handshakes that are under way count too; the limiter keeps the finished ones below its own limit.
  server.maxConnections = 2 * limits.connectionsMax;
  server.on('clientError', (error: Error & { readonly code?: string }, socket: Duplex) => {
    if (!socket.writable) return socket.destroy();
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
    return socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  });
  return server;
}

/** For connections from now on. Error: BAD_CONFIG, with which the old certificate stays. */
export function setCertificate(server: HttpServer | HttpsServer, tls: TlsFiles): void {
  if (!(server instanceof HttpsServer)) throw new KvchainError('BAD_CONFIG', 'the API does not speak TLS');
  server.setSecureContext(secureOptions(tls));
}

/** The port of a server that listens. */
export function portOf(server: HttpServer): number {
  const address = server.address();
  assert(typeof address === 'object' && address !== null, 'it listens at a port');
  return address.port;
}

/** Checked before a server takes them, which would be left with half of them. */
function secureOptions({ certificate, key, clientAuthority }: TlsFiles): SecureContextOptions {
  const options = { cert: Buffer.from(certificate), key: Buffer.from(key), minVersion: 'TLSv1.2' } as const;
  refuseUnless('--tls-cert and --tls-key are not a certificate and its key', () => createSecureContext(options));
  if (clientAuthority === null) return options;
  // OpenSSL passes over what is no certificate, and would then let nobody in.
  refuseUnless('--tls-client-ca is not a certificate', () => new X509Certificate(clientAuthority));
  return { ...options, ca: Buffer.from(clientAuthority) };
}

function refuseUnless(what: string, read: () => unknown): void {
  try {
    read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KvchainError('BAD_CONFIG', `${what}: ${why}`, { cause });
  }
}
