/**
 * Ballots and points, the two values that every message names. A ballot orders leaderships: by its number, then by the member that
 * stands. Which height a message is about is no part of that order: else an Accept for a lower block, overtaken on the way, would be
 * refused (PROTOCOLS 3.1).
 */
import { type Codec, hash32, struct, uint } from '../../chain/codec.ts';
import { membersMax } from '../../chain/genesis.ts';
import type { MemberIndex } from '../engine.ts';

/** Ballot numbers end here: one each millisecond lasts for nine thousand years. */
export const ballotNumberMax: number = 2 ** 48;

export interface Ballot {
  readonly number: number;
  readonly member: MemberIndex;
}

/** A place on the chain. */
export interface Point {
  readonly height: number;
  readonly hash: Uint8Array;
}

/** Below every ballot that a member can stand with: their numbers begin at 1. */
export const noBallot: Ballot = { number: 0, member: 0 };

export const ballotCodec: Codec<Ballot> = struct<Ballot>({
  number: uint(ballotNumberMax),
  member: uint(membersMax - 1),
});
export const pointCodec: Codec<Point> = struct<Point>({ height: uint(), hash: hash32 });

/** Below 0 when `a` is the lower one, 0 when they are the same. */
export function compareBallots(a: Ballot, b: Ballot): number {
  return a.number - b.number || a.member - b.member;
}
