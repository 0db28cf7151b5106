/** What the API server is started with, what it gives back, and its limits. */
import type { ErrorCode } from '../../chain/errors.ts';
import type { Logger } from '../logging.ts';
import type { NamedToken } from './auth.ts';
import type { ApiHost } from './context.ts';
import type { Rate } from './rate.ts';

export const bodyBytesMax = 1_048_576;
export const headerBytesMax = 16_384;
/** WebSockets among the connections. */
export const socketsMax = 64;
/** A call, or a batch as a whole, ends its waiting after this. */
export const callTimeoutMs = 25_000;
export const defaultRate: Rate = { perSecond: 10_000, burst: 20_000 };
/** Open requests get this long to end when the server closes. */
export const closeGraceMs = 500;

/** What the server grants to connections, before it knows who calls. */
export interface DoorLimits {
  /** Connections to the API; calls over HTTP that wait for a transaction hold at most half of them. */
  readonly connectionsMax: number;
  /** Requests that wait on one HTTP/1.1 connection behind the one that is answered; one more closes it. */
  readonly pipelinedMax: number;
  /** How long the headers of a request, or a TLS handshake, may take to come. */
  readonly headersTimeoutMs: number;
  /** How long a request may take to come. */
  readonly requestTimeoutMs: number;
  /** How long a request may take from its headers until its answer is taken; the connection is then closed. */
  readonly exchangeTimeoutMs: number;
  /** Bytes of answers that all connections together leave unread; who leaves most is closed. */
  readonly unreadBytesMax: number;
  /** Bytes of answers that one WebSocket may leave unread; one that leaves more is closed with 4008. */
  readonly socketBufferBytesMax: number;
  /** How long a WebSocket may take to take an event; a slower one is closed with 4008. */
  readonly eventTimeoutMs: number;
}

export const doorLimits: DoorLimits = {
  /** The default of the setting `rpc-connections`. */
  connectionsMax: 128,
  pipelinedMax: 16,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  exchangeTimeoutMs: 60_000,
  unreadBytesMax: 134_217_728,
  socketBufferBytesMax: 16_777_216,
  eventTimeoutMs: 30_000,
};

/** What the server counts; daemon/metrics.ts has them. */
export interface ServerMeter {
  call(method: string, seconds: number, code: ErrorCode | null): void;
  /** The text of GET /metrics. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** What the server shows to be known by, and whom it demands callers to be known by; all PEM. */
export interface TlsFiles {
  readonly certificate: Uint8Array;
  readonly key: Uint8Array;
  /** Whoever shows no certificate that one of these authorities signed gets no connection; null lets everybody connect. */
  readonly clientAuthority: Uint8Array | null;
}

export interface ServerSettings {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Where the cookie file lies. */
  readonly dataDir: string;
  readonly tokens: readonly NamedToken[];
  /** Other names under which the server may be called. */
  readonly allowedHosts: readonly string[];
  readonly tls: TlsFiles | null;
  readonly rate: Rate;
  /** Where they differ from doorLimits. */
  readonly limits?: Partial<DoorLimits>;
}

export interface ServerParts {
  readonly api: ApiHost;
  readonly log: Logger;
  readonly meter: ServerMeter;
}

export interface ApiServer {
  /** Such as http://127.0.0.1:8645. */
  readonly url: string;
  readonly port: number;
  /** For connections from now on. Error: BAD_CONFIG when it is none, not the key's, or there is no TLS; the old one stays. */
  setCertificate(tls: TlsFiles): void;
  /** Ends waiting calls, closes all connections within a second, deletes the cookie file. */
  close(): Promise<void>;
}
