/**
 * Which bodies are wanted: those missing on the branches within reach of the tip, heaviest branch first, oldest body first. A branch
 * gets at most half of the room that is left, so that one whose bodies nobody has (headers are cheaper to make up than bodies) cannot
 * keep another from being completed.
 */
import type { BlockEntry } from '../../chain/block-tree.ts';
import { bodiesWantedMax, type PeerId } from '../engine.ts';
import { isOnFinal, mayFollow } from './final-block.ts';
import { blockWork, branchesWantedMax, type PowEffect, type PowState, relayDepth } from './state.ts';
import { bodyTimer, setBodyTimer } from './timers.ts';

/** A-H4: orders the list of wanted bodies when it changed. It replaces the list before. */
export function wantBodies(state: PowState, hint: PeerId | null, effects: PowEffect[]): void {
  const list = listWanted(state);
  const hasChanged = list.length !== state.wanted.size || list.some(({ key }) => !state.wanted.has(key));
  if (hasChanged) orderBodies(state, list, { hint, effects });
}

/** After a body came: the list is made anew when half of it is done, because making it walks whole branches. */
export function wantMoreBodies(state: PowState, effects: PowEffect[]): void {
  if (state.wanted.size <= bodiesWantedMax / 4) wantBodies(state, null, effects);
}

/** Orders the list again, changed or not: after a start, and when the timer says that bodies are late. */
export function wantBodiesAgain(state: PowState, effects: PowEffect[]): void {
  const list = listWanted(state);
  if (list.length > 0) orderBodies(state, list, { hint: null, effects });
}

interface Order {
  readonly hint: PeerId | null;
  readonly effects: PowEffect[];
}

function orderBodies(state: PowState, list: readonly BlockEntry[], { hint, effects }: Order): void {
  state.wanted = new Set(list.map(({ key }) => key));
  effects.push({ type: 'fetchBodies', hashes: list.map(({ sealed }) => sealed.hash), hint });
  if (list.length > 0) setBodyTimer(state, effects);
  else effects.push({ type: 'clearTimer', id: bodyTimer });
}

function listWanted(state: PowState): readonly BlockEntry[] {
  const wanted = new Set<BlockEntry>();
  for (const leaf of [...pursued(state), ...heaviestIncomplete(state)]) {
    let room = Math.ceil((bodiesWantedMax - wanted.size) / 2);
    for (const entry of incompletePart(state, leaf)) {
      if (room === 0) break;
      if (entry.hasBody || wanted.has(entry)) continue;
      wanted.add(entry);
      room -= 1;
    }
  }
  return [...wanted];
}

/** F-2, F-3: a proposed or final block may be on a branch that is not the best. */
function pursued({ tree, pursued }: PowState): readonly BlockEntry[] {
  return pursued
    .map(key => tree.get(key))
    .filter(entry => entry !== null)
    .filter(entry => !entry.isComplete && !entry.isInvalid);
}

function heaviestIncomplete(state: PowState): readonly BlockEntry[] {
  return state.tree
    .leaves()
    .filter(leaf => !leaf.isComplete && !leaf.isInvalid && (isNearHead(state, leaf) || isPath(state, leaf)))
    .sort((a, b) => (a.work > b.work ? -1 : Number(a.work < b.work)))
    .slice(0, branchesWantedMax);
}

/** F-3: the head is to leave its branch for this one. */
function isPath(state: PowState, leaf: BlockEntry): boolean {
  return !isOnFinal(state) && mayFollow(state, leaf);
}

function isNearHead(state: PowState, entry: BlockEntry): boolean {
  return entry.work + BigInt(relayDepth) * blockWork(entry) >= state.head.work;
}

/** The blocks above the last complete one of the branch, oldest first. */
function incompletePart(state: PowState, leaf: BlockEntry): readonly BlockEntry[] {
  const entries: BlockEntry[] = [];
  for (let entry: BlockEntry | null = leaf; entry !== null && !entry.isComplete; entry = state.tree.parentOf(entry)) {
    entries.push(entry);
  }
  return entries.reverse();
}
