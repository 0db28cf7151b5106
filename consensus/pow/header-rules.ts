/** When a header is right: by itself (A-V1), and after its parent (A-V2, A-V3, A-V4). Cheap first, nothing is stored here. */
import { headerVersion, type SealedHeader } from '../../chain/block.ts';
import type { Derived } from '../../chain/block-tree.ts';
import { accept, type Result, reject } from '../../chain/errors.ts';
import type { Params } from '../../chain/genesis.ts';
import { isEnforced } from '../../chain/rules.ts';
import { decodeBits, hashMeetsTarget } from '../../chain/target.ts';
import type { ContextRules, ParentPoint } from '../engine.ts';
import { cappedStep, nextBits } from './asert.ts';
import { workOfBits } from './state.ts';

/** A-V1: the work that a header claims was done. Needs no context. Codes: BAD_VERSION, BAD_BITS, BAD_WORK, BAD_HEADER. */
export function checkSeal(sealed: SealedHeader, params: Params): Result<null> {
  const { version, bits, extension } = sealed.header;
  if (version !== headerVersion) {
    return reject('BAD_VERSION', `header version ${version} is not known, only ${headerVersion}: an upgrade is needed`);
  }
  const target = decodeBits(bits); // A-V1: canonical bits, and no target easier than the limit.
  const maxTarget = decodeBits(params.maxTargetBits);
  if (target === null || maxTarget === null || target > maxTarget) {
    return reject('BAD_BITS', `bits ${hexBits(bits)} are no target up to ${hexBits(params.maxTargetBits)}`);
  }
  if (isEnforced('A-V1 work') && !hashMeetsTarget(sealed.hash, target)) {
    return reject('BAD_WORK', `hash ${sealed.hashHex} is above the target of bits ${hexBits(bits)}`);
  }
  if (isEnforced('A-V1 extension') && extension.length > 0) {
    return reject('BAD_HEADER', `extension of ${extension.length} bytes, proof of work has none`);
  }
  return accept(null);
}

/** A-V2, A-V3, A-V4: the header follows its parent. Gives its cumulative work and steps. Codes: BAD_HEIGHT, BAD_BITS, BAD_TIME. */
export function checkContext(sealed: SealedHeader, parent: ParentPoint, rules: ContextRules): Result<Derived> {
  const { height, time, bits } = sealed.header;
  // A-V2: the parent is given, so it is known; whether it is invalid, its holder asks.
  if (isEnforced('A-V2 height') && height !== parent.height + 1) {
    return reject('BAD_HEIGHT', `height ${height} after ${parent.height}`);
  }
  // A-V3: equal, not merely hard enough: otherwise a miner could choose how much its block weighs.
  const expected = nextBits(parent, rules.params);
  if (isEnforced('A-V3') && bits !== expected)
    return reject('BAD_BITS', `bits ${hexBits(bits)} at height ${height}, not ${hexBits(expected)}`);
  // A-V4: strictly later, so time never stands still.
  if (isEnforced('A-V4') && time <= parent.time)
    return reject('BAD_TIME', `time ${time} is not after the parent's ${parent.time}`);
  return accept({
    work: parent.work + workOfBits(bits),
    steps: parent.steps + cappedStep(height, time, parent.time, rules.driftMs),
  });
}

function hexBits(bits: number): string {
  return `0x${bits.toString(16).padStart(8, '0')}`;
}
