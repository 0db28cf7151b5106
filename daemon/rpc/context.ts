/** What a call knows: the node that it speaks for, who calls, and until when. */
import type { ErrorCode } from '../../chain/errors.ts';
import { errorRow, type Result } from '../../chain/errors.ts';
import type { LinkControl, NodeApi } from '../node-api.ts';
import type { CheckedParamsOf, MethodName, ResultOf } from './api.ts';
import type { Scope } from './method.ts';
import type { Refusal } from './schemas.ts';
import type { WaitingPlaces } from './wait.ts';

/** The account that signs plain forms. */
export interface DaemonAccount {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** What the API servers speak for. */
export interface ApiHost {
  readonly node: NodeApi;
  readonly links: LinkControl;
  readonly account: DaemonAccount | null;
  /** Of the program. */
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  now(): number;
  /** Begins the orderly stop of the whole daemon; returns at once. */
  requestStop(): void;
  /** Ends the process at once; test networks only. */
  crash(): void;
}

export interface Caller {
  /** Names who pays for rate and for space in the mempool. */
  readonly name: string;
  /** Null: may do nothing. */
  readonly scope: Scope | null;
  /** A token was given, and it was right. */
  readonly hasCredential: boolean;
}

/** Where kv_watch sends its events: one WebSocket. */
export interface WatchSession {
  watch(params: CheckedParamsOf<'kv_watch'>): Promise<Result<ResultOf<'kv_watch'>>>;
  unwatch(subscription: string): boolean;
}

export interface CallContext {
  readonly host: ApiHost;
  readonly caller: Caller;
  /** Aborted when the caller goes away or the server stops. */
  readonly signal: AbortSignal;
  /** Monotonic milliseconds (performance.now) at which waiting must end. */
  readonly deadlineMs: number;
  /** Where calls of HTTP wait; null over a WebSocket, where a wait holds no connection. */
  readonly waiting: WaitingPlaces | null;
  /** Null over HTTP. */
  readonly session: WatchSession | null;
}

export type Handler<M extends MethodName> = (
  params: CheckedParamsOf<M>,
  context: CallContext,
) => Promise<Result<ResultOf<M>>> | Result<ResultOf<M>>;

export type Handlers<M extends MethodName = MethodName> = { readonly [Name in M]: Handler<Name> };

/** The REST body, and the entry of a list, of a refusal. */
export function refusalOf(code: ErrorCode, detail: string): Refusal {
  return { code, message: detail, action: errorRow(code).action };
}
