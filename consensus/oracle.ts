/**
 * What judges a network of members while it is simulated: from outside, by what they have on stable storage, what they say and what their
 * ledgers apply. An engine whose members vote may bring one (oracles.ts); no node holds one.
 */
import type { SealedHeader } from '../chain/block.ts';
import { type Codec, decodeBytes } from '../chain/codec.ts';
import type { MemberIndex } from './engine.ts';
import { messageBytesMax } from './instance.ts';

/** An invariant does not hold; the message begins with its id. */
export class Breach extends Error {}

/** Reads what members wrote and said: bytes that mean nothing break this invariant. */
export function decoderFor(invariant: string): <T>(codec: Codec<T>, bytes: Uint8Array) => T {
  return (codec, bytes) => {
    const decoded = decodeBytes(codec, bytes, messageBytesMax);
    if (!decoded.ok) throw new Breach(`${invariant}: bytes of a member that mean nothing: ${decoded.error.detail}`);
    return decoded.value;
  };
}

export interface OracleContext {
  readonly members: number;
  /** Of the genesis: the engine's own parameters. */
  readonly engineParams: Uint8Array;
  /** The sealed header of block 0. */
  readonly genesisHeader: SealedHeader;
  /** Whether the body of a block is on the member's disk. */
  readonly hasBody: (member: MemberIndex, hash: Uint8Array) => boolean;
}

/** A place on the chain. */
export interface Point {
  readonly height: number;
  readonly hash: Uint8Array;
}

/** A ledger that nothing was done to yet. */
export interface Standing extends Point {
  /** What the node calls final. */
  readonly finalHeight: number;
  /** Of the block at this height; null above the head. */
  hashAt(height: number): Uint8Array | null;
}

/** Throws Breach. Records and messages are those of the engine, encoded. */
export interface Oracle {
  /** A member starts: all that its log holds, and where its ledger stands. */
  onStart(member: MemberIndex, records: readonly Uint8Array[], applied: Standing): void;
  /** A member put these in the place of all records that it had. */
  onReplaced(member: MemberIndex, records: readonly Uint8Array[]): void;
  /** More records are on the member's stable storage, so no crash takes them back. */
  onDurable(member: MemberIndex, records: readonly Uint8Array[]): void;
  /** A message leaves a member. */
  onSent(member: MemberIndex, message: Uint8Array): void;
  /** A message in a few words, for traces and diagrams. */
  describe(message: Uint8Array): string;
  /** The ledger of a member stands on this block: whoever asks is told that it is final. */
  onApplied(member: MemberIndex, point: Point): void;
}
