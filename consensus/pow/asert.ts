/**
 * The retarget: ASERT (aserti3-2d, as on Bitcoin Cash), anchored at the genesis, over capped time steps. It keeps no window and no
 * running average, so rounding does not add up, and what a false timestamp changes the next honest one takes back. Steps are capped,
 * so a network that slept does not fall to trivial difficulty. docs/protocol/asert.md has the formula and the vectors.
 */
import type { Params } from '../../chain/genesis.ts';
import { decodeBits, encodeBits } from '../../chain/target.ts';

/** What a chain's schedule is measured against. Times in milliseconds. */
export interface Schedule {
  readonly targetMs: number;
  readonly tauMs: number;
  readonly anchorTarget: bigint;
  readonly maxTarget: bigint;
}

/** A block of the chain as far as the retarget looks at it. */
export interface ChainPoint {
  readonly height: number;
  /** Sum of the capped steps over blocks 2..height, in milliseconds. */
  readonly steps: number;
}

/** ASERT's fixed-point unit: 2^16 stands for 1. */
const unit = 65_536n;
/** A 256-bit target is moved by no more than this many doublings before it leaves its range. */
const farthestShift = 512n;

/**
 * The step that a block adds to the sum S: its time after its parent's, at most 2 maxDriftMs. Block 1 adds nothing: the time of the
 * genesis is when a file was written, not when mining began.
 */
export function cappedStep(height: number, timeMs: number, parentTimeMs: number, maxDriftMs: number): number {
  if (height < 2) return 0;
  return Math.min(timeMs - parentTimeMs, 2 * maxDriftMs);
}

/** The compact target that the child of `parent` must have (A-V3). */
export function nextBits(parent: ChainPoint, params: Params): number {
  if (params.retarget === 'fixed' || parent.height === 0) return params.bits;
  const target = asertTarget(parent.steps, parent.height - 1, scheduleOf(params));
  return encodeBits(target);
}

/**
 * The target after `blocks` intervals that took `elapsedMs` together, from 1 to maxTarget, before it is rounded to its compact form:
 * anchorTarget * 2^((elapsed - targetMs * blocks) / tau), in the integer arithmetic of aserti3-2d.
 */
export function asertTarget(elapsedMs: number, blocks: number, schedule: Schedule): bigint {
  const exponent = asertExponent(elapsedMs, blocks, schedule);
  const shifts = exponent >> 16n;
  if (shifts > farthestShift) return schedule.maxTarget;
  if (shifts < -farthestShift) return 1n;
  const scaled = schedule.anchorTarget * asertFactor(exponent - (shifts << 16n));
  const shifted = (shifts < 0n ? scaled >> -shifts : scaled << shifts) >> 16n;
  if (shifted < 1n) return 1n;
  return shifted > schedule.maxTarget ? schedule.maxTarget : shifted;
}

/** How many doublings the target is away from the anchor's, times 2^16. */
export function asertExponent(elapsedMs: number, blocks: number, { targetMs, tauMs }: Schedule): bigint {
  const late = BigInt(elapsedMs) - BigInt(targetMs) * BigInt(blocks);
  // BigInt division truncates toward zero, as the specification of aserti3-2d says; rounding down would be another chain.
  return (late * unit) / BigInt(tauMs);
}

/** 2^16 * 2^(fraction / 2^16) for a fraction from 0 to 65,535, by the cubic of aserti3-2d. */
export function asertFactor(fraction: bigint): bigint {
  const cubic = 195_766_423_245_049n * fraction + 971_821_376n * fraction ** 2n + 5_127n * fraction ** 3n;
  return unit + ((cubic + 2n ** 47n) >> 48n);
}

function scheduleOf(params: Params): Schedule {
  const { targetMs, tauMs } = params;
  // A genesis is refused unless both decode; easiest or hardest of all is what is left to say otherwise.
  return {
    targetMs,
    tauMs,
    anchorTarget: decodeBits(params.bits) ?? 1n,
    maxTarget: decodeBits(params.maxTargetBits) ?? 1n,
  };
}
