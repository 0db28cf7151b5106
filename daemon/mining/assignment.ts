/** What the miner and its threads say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { MiningJob } from '../ports.ts';

/** The state that a thread shall take; a newer one replaces it. */
export interface Assignment {
  /** Its number; the shared one reaches it right after it was sent. */
  readonly sequence: number;
  readonly jobId: number;
  /** Null: nothing to do. */
  readonly job: MiningJob | null;
  /** This thread's share of the throttle; null is as fast as it goes. */
  readonly hashesPerSecond: number | null;
  /** The thread ends. */
  readonly isLast: boolean;
  /** process.hrtime when it was given, the same clock on all threads. */
  readonly givenAtNs: bigint;
}

export type MiningReport =
  | { readonly type: 'found'; readonly jobId: number; readonly nonce: Uint8Array }
  /** The thread left its old job this long after the new assignment was given. */
  | { readonly type: 'switched'; readonly afterMs: number };

/** What a thread starts with. */
export interface MiningThreadData {
  readonly assignments: MessagePort;
  /** One Int32 that changes with every assignment: a thread looks at it between two batches, and sleeps on it. */
  readonly sequence: Int32Array<SharedArrayBuffer>;
  /** The hashes of all threads since the start, one place each. */
  readonly hashes: BigInt64Array<SharedArrayBuffer>;
  readonly threadIndex: number;
  /** 16 random bytes. */
  readonly noncePrefix: Uint8Array;
}
