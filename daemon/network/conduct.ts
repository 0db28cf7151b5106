/** What a peer pays for what the network itself sees it do, and who may be served at all. */
import type { Connection, Stream } from '@libp2p/interface';
import { type ErrorCode, KvchainError } from '../../chain/errors.ts';
import type { Clock, PeerId } from '../ports.ts';
import type { NetworkLimits } from './limits.ts';
import type { Links } from './links.ts';
import type { NetworkLog } from './log.ts';
import type { Session, Sessions } from './sessions.ts';

/** What every part of the network works with. */
export interface Surroundings {
  readonly clock: Clock;
  readonly limits: NetworkLimits;
  readonly log: NetworkLog;
  readonly sessions: Sessions;
  readonly links: Links;
  /** Takes the code's penalty from the peer's score. */
  penalize(peer: PeerId, code: ErrorCode, detail: string): void;
}

/** The session of a stream that a peer opened, once its handshake is done; null, and the stream is reset, when it fails. */
export async function admit(
  { sessions }: Surroundings,
  stream: Stream,
  connection: Connection,
): Promise<Session | null> {
  const session = sessions.of(connection);
  const outcome = session === null ? new KvchainError('FORBIDDEN', 'not a peer') : await session.outcome;
  if (outcome === null) return session;
  stream.abort(outcome);
  return null;
}

/** A stream with `peer` failed: what was the peer's doing costs it the code's penalty; that a connection ended costs nothing. */
export function blame(surroundings: Surroundings, peer: PeerId, error: unknown): void {
  const isPeersDoing = error instanceof KvchainError && error.cause === undefined;
  if (isPeersDoing) surroundings.penalize(peer, error.code, error.message);
  else surroundings.log.debug({ peer, error: textOf(error) }, 'stream ended');
}

/** The text of an error for the log, with its cause. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${textOf(error.cause)}`;
}

/** A signal that aborts after `afterMs` of the clock, or with `parent`; `cancel` must be called when it is no longer needed. */
export function deadline(
  clock: Clock,
  afterMs: number,
  parent?: AbortSignal,
): { readonly signal: AbortSignal; readonly cancel: () => void } {
  const controller = new AbortController();
  const onAbort = () => controller.abort(parent?.reason);
  const cancelTimer = clock.setTimer(afterMs, () => {
    controller.abort(new KvchainError('PEER_TIMEOUT', `not done within ${Math.round(afterMs)} ms`));
  });
  parent?.addEventListener('abort', onAbort);
  const cancel = () => {
    cancelTimer();
    parent?.removeEventListener('abort', onAbort);
  };
  if (parent?.aborted === true) onAbort();
  return { signal: controller.signal, cancel };
}

/** Resolves after `afterMs` of the clock. */
export function delay(clock: Clock, afterMs: number): Promise<void> {
  return new Promise(resolve => {
    clock.setTimer(afterMs, resolve);
  });
}
