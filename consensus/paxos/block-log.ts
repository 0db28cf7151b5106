/**
 * The log of a member above what is decided, and the three ways in which it changes. Live steps and recovery use the same functions, so
 * that folding the records gives the log that was told to others. Acceptance is contiguous (B-LM): with an entry of some ballot a member
 * holds, for every height between the decided point and it, that leader's block with no lower ballot.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { equalBytes } from '../../chain/bytes.ts';
import { isEnforced } from '../../chain/rules.ts';
import { type Ballot, compareBallots, type Point } from './ballot.ts';
import { type Entry, tentativeMax } from './messages.ts';

export interface BlockLog {
  /** The highest point that is known to be decided; its headers and bodies may still be on their way. */
  decided: Point;
  /** Blocks of the heights that follow, each the parent of the next; at most `tentativeMax`. */
  tentative: readonly Entry[];
}

/** Where the next block would stand. */
export function tipOf({ decided, tentative }: BlockLog): Point {
  const last = tentative.at(-1);
  return last === undefined ? decided : pointOf(last.sealed);
}

export function pointOf({ header, hash }: SealedHeader): Point {
  return { height: header.height, hash };
}

/** The hash at a height from the decided point to the tip; null elsewhere. */
export function hashAt({ decided, tentative }: BlockLog, height: number): Uint8Array | null {
  if (height === decided.height) return decided.hash;
  return tentative[height - decided.height - 1]?.sealed.hash ?? null;
}

/** The highest height up to which all is decided, or accepted in exactly this ballot. */
export function acceptedUpTo({ decided, tentative }: BlockLog, ballot: Ballot): number {
  const other = tentative.findIndex(entry => compareBallots(entry.ballot, ballot) !== 0);
  return decided.height + (other < 0 ? tentative.length : other);
}

/** What of these blocks, of consecutive heights, is above the decided point. */
export function undecided({ decided }: BlockLog, headers: readonly SealedHeader[]): readonly SealedHeader[] {
  return headers.filter(({ header }) => header.height > decided.height);
}

/** B-A5: the first undecided one stands on the decided point, or on an entry of the same ballot; and the log has room. */
export function continues(log: BlockLog, ballot: Ballot, headers: readonly SealedHeader[]): boolean {
  const rest = undecided(log, headers);
  const [first] = rest;
  if (first === undefined) return false;
  const above = first.header.height - log.decided.height - 1;
  if (above + rest.length > tentativeMax) return false;
  if (!isEnforced('B-A5')) return above <= log.tentative.length;
  if (above === 0) return equalBytes(first.header.parent, log.decided.hash);
  const before = log.tentative[above - 1];
  const isSame = before !== undefined && compareBallots(before.ballot, ballot) === 0;
  return isSame && equalBytes(before.sealed.hash, first.header.parent);
}

/** B-A7: equal blocks get the ballot; at the first that differs all above goes. `headers` continue the log. */
export function write(log: BlockLog, ballot: Ballot, headers: readonly SealedHeader[]): void {
  const tentative = [...log.tentative];
  for (const sealed of undecided(log, headers)) {
    const index = sealed.header.height - log.decided.height - 1;
    const isEqual = tentative[index]?.sealed.hashHex === sealed.hashHex;
    if (!isEqual && isEnforced('B-A7')) tentative.length = Math.min(tentative.length, index);
    tentative[index] = { sealed, ballot };
  }
  log.tentative = tentative;
}

/**
 * A higher point is decided. `same`: it is on the log, and what stands above it stays. `other`: it is not, so nothing of the log that
 * differs from it was chosen, and all goes (the lemma of the suffix). `known`: it is not higher.
 */
export function raise(log: BlockLog, point: Point): 'known' | 'same' | 'other' {
  const index = point.height - log.decided.height - 1;
  if (index < 0) return 'known';
  const entry = log.tentative[index];
  if (!isEnforced('B-D3') && entry !== undefined) {
    log.decided = pointOf(entry.sealed);
    log.tentative = log.tentative.slice(index + 1);
    return 'same';
  }
  const isSame = entry !== undefined && equalBytes(entry.sealed.hash, point.hash); // B-D3, B-R1
  log.decided = point;
  log.tentative = isSame ? log.tentative.slice(index + 1) : [];
  return isSame ? 'same' : 'other';
}
