/** What the API server is started with, what it gives back, and its limits. */
import type { ErrorCode } from '../../chain/errors.ts';
import type { Logger } from '../logging.ts';
import type { NamedToken } from './auth.ts';
import type { ApiHost } from './context.ts';
import type { Rate } from './rate.ts';

export const bodyBytesMax = 1_048_576;
export const headerBytesMax = 16_384;
export const connectionsMax = 128;
/** WebSockets among them. */
export const socketsMax = 64;
export const headersTimeoutMs = 10_000;
export const requestTimeoutMs = 30_000;
/** A call, or a batch as a whole, ends its waiting after this. */
export const callTimeoutMs = 25_000;
export const defaultRate: Rate = { perSecond: 10_000, burst: 20_000 };
/** Open requests get this long to end when the server closes. */
export const closeGraceMs = 500;

/** What the server counts; daemon/metrics.ts has them. */
export interface ServerMeter {
  call(method: string, seconds: number, code: ErrorCode | null): void;
  /** The text of GET /metrics. */
  text(): Promise<string>;
  readonly contentType: string;
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
  readonly tls: { readonly certificate: Uint8Array; readonly key: Uint8Array } | null;
  readonly rate: Rate;
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
  /** Ends waiting calls, closes all connections within a second, deletes the cookie file. */
  close(): Promise<void>;
}
