/**
 * The fork choice: most cumulative work wins, and of equals the branch that was complete first; the tip that is applied stays among
 * equals (docs/decisions/0001-most-work.md). One switch of the ledger is under way at a time; the next decision waits for its answer.
 */
import type { BlockEntry } from '../../chain/block-tree.ts';
import type { ErrorCode } from '../../chain/errors.ts';
import { isEnforced } from '../../chain/rules.ts';
import { nextBits } from './asert.ts';
import { enforce, finalEntry, isLeft, isOnFinal, mayFollow, misses, tellHeavier } from './final-block.ts';
import { isRelayed } from './relay.ts';
import { type FinalBlock, type PowEffect, type PowState, switchBlocksMax, treeDepth } from './state.ts';

/** Blocks below the floor that may gather before the tree is pruned. */
const pruneEvery = 100;
const noExtension = new Uint8Array();

/** The body of `entry` is here: passes the block on, and lets every branch that this completes be judged. */
export function acceptBody(state: PowState, entry: BlockEntry, now: number, effects: PowEffect[]): void {
  if (entry.hasBody) return;
  for (const completed of state.tree.addBody(entry)) {
    const mayWin = !completed.isInvalid && mayFollow(state, completed);
    if (mayWin && isHeavier(completed, state.candidate)) state.candidate = completed;
  }
  if (isLeft(state, state.candidate)) findBest(state);
  if (isEnforced('relay') && isRelayed(state, entry, now)) effects.push({ type: 'relay', hash: entry.sealed.hash });
}

/** F-3, F-I2: a block became final. What misses it is followed no longer, whatever its work; the caller selects anew. */
export function restrict(state: PowState, final: FinalBlock, effects: PowEffect[]): void {
  enforce(state, final);
  findBest(state);
  if (isLeft(state, state.head) && state.head.work > state.candidate.work) {
    tellHeavier(state, { key: state.head.key, hash: state.head.sealed.hash }, effects);
  }
}

/** selectBest (PROTOCOLS 2.4): orders the next switch of the ledger, or work on its tip. */
export function selectBest(state: PowState, effects: PowEffect[]): void {
  if ((isEnforced('A-F1 one switch') && state.switchingTo !== null) || state.isHalted) return;
  const { candidate, head } = state;
  if (isHeavier(candidate, head) || head.isInvalid || isLeft(state, head)) switchTo(state, candidate, effects);
  else mineOn(state, head, effects);
}

/** The ledger stands at `entry` now. */
export function acceptApplied(state: PowState, entry: BlockEntry): void {
  state.head = entry;
  // A part of a switch may be applied before a block of it turns out invalid: that verdict is its answer.
  if (state.switchingTo === entry || state.switchingTo?.isInvalid === true) state.switchingTo = null;
  // Of equals the tip that the ledger stands at is the one that counts.
  const mayStay = !entry.isInvalid && mayFollow(state, entry);
  if (mayStay && entry.work >= state.candidate.work) state.candidate = entry;
  pruneBelow(state);
}

/** A-F3: the block and all that descends from it are invalid for ever; the next best is judged again. */
export function acceptInvalid(state: PowState, entry: BlockEntry, code: ErrorCode, effects: PowEffect[]): void {
  if (entry.isInvalid || entry === state.tree.root) return;
  if (isEnforced('A-F3')) state.tree.markInvalid(entry);
  effects.push({ type: 'markInvalid', hash: entry.sealed.hash, code });
  if (state.switchingTo?.isInvalid === true) state.switchingTo = null;
  findBest(state);
}

/** Finds the heaviest header and the heaviest complete block from scratch; needed only when entries became invalid or went. */
export function findBest(state: PowState): void {
  // What the ledger is on its way to may be final already: the branch that it leaves is no choice any more.
  let candidate = state.switchingTo ?? state.head;
  if (candidate.isInvalid || isLeft(state, candidate)) candidate = completeFinal(state) ?? state.tree.root;
  let bestHeader = candidate;
  for (const entry of state.tree.entries()) {
    if (entry.isInvalid || (isEnforced('F-3') && misses(state, entry))) continue;
    if (entry.work > bestHeader.work) bestHeader = entry;
    if (entry.isComplete && mayFollow(state, entry) && isBetter(state, entry, candidate)) candidate = entry;
  }
  state.bestHeader = bestHeader;
  state.candidate = candidate;
}

function completeFinal(state: PowState): BlockEntry | null {
  const entry = finalEntry(state);
  return entry?.isComplete === true && !entry.isInvalid ? entry : null;
}

/** A-F1: strictly more work, so of equals the first that was complete stays, and the current tip. */
function isHeavier(entry: BlockEntry, other: BlockEntry): boolean {
  return isEnforced('A-F1') ? entry.work > other.work : entry.work >= other.work && entry !== other;
}

/** A-F1: more work; of equals the applied tip, then the one that was complete first. */
function isBetter(state: PowState, entry: BlockEntry, other: BlockEntry): boolean {
  if (entry.work !== other.work) return entry.work > other.work;
  return other !== state.head && (entry === state.head || entry.arrival < other.arrival);
}

/** reorgTo (PROTOCOLS 2.4). */
function switchTo(state: PowState, candidate: BlockEntry, effects: PowEffect[]): void {
  const { tree, head, params } = state;
  const ancestor = tree.commonAncestor(head, candidate);
  const undo = tree.path(ancestor, head).reverse();
  const undoMax = Math.min(params.undoBlocksMax, head.height - state.floor);
  if (undo.length > undoMax) {
    // A-F2: below the undo window, or below what is held at all, nothing can be undone; a person decides.
    state.isHalted = true;
    effects.push({ type: 'stopMining' }, haltTooDeep(candidate, ancestor, undo.length, undoMax));
    return;
  }
  const apply = cut(tree.path(ancestor, candidate), head);
  state.switchingTo = apply.at(-1) ?? ancestor;
  effects.push({
    type: 'switch',
    ancestor: ancestor.sealed.hash,
    undo: undo.map(({ sealed }) => sealed.hash),
    apply: apply.map(({ sealed }) => sealed.hash),
  });
}

/** Long runs are applied in parts, each of which ends heavier than the head: also half-way the best known chain is followed. */
function cut(path: readonly BlockEntry[], head: BlockEntry): readonly BlockEntry[] {
  const last = path.findIndex((entry, index) => index + 1 >= switchBlocksMax && entry.work > head.work);
  return last === -1 ? path : path.slice(0, last + 1);
}

function haltTooDeep(candidate: BlockEntry, ancestor: BlockEntry, depth: number, limit: number): PowEffect {
  const detail =
    `block ${candidate.key} at height ${candidate.height} has more work than the tip but forks at height ${ancestor.height}: ` +
    `${depth} blocks to undo, at most ${limit}`;
  return { type: 'halt', code: 'REORG_TOO_DEEP', detail };
}

function mineOn(state: PowState, head: BlockEntry, effects: PowEffect[]): void {
  if (!isOnFinal(state)) {
    if (state.miningOn !== null) effects.push({ type: 'stopMining' });
    state.miningOn = null;
    return;
  }
  if (state.miningOn === head.key) return;
  state.miningOn = head.key;
  effects.push({
    type: 'mine',
    template: {
      parent: head.sealed.hash,
      height: head.height + 1,
      bits: nextBits(head, state.params), // A-V3
      timeMin: head.sealed.header.time + 1, // A-V4
      extension: noExtension,
      nonce: 'search',
      when: 'at once',
    },
  });
}

/** Memory holds what is less than `treeDepth` below the tip. */
function pruneBelow(state: PowState): void {
  const { tree, head, params } = state;
  const floor = head.height - treeDepth(params);
  if (floor - tree.root.height < pruneEvery) return;
  const root = tree.ancestorAt(head, floor);
  if (root === null) return;
  tree.prune(root);
  const kept = [state.bestHeader, state.candidate, state.switchingTo ?? head];
  if (kept.some(({ key }) => tree.get(key) === null)) {
    if (state.switchingTo !== null && tree.get(state.switchingTo.key) === null) state.switchingTo = null;
    findBest(state);
  }
}
