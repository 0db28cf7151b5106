/** B-P5: what a new leader must propose again, from the promises of a majority. Pure: it is asked anew when a promise or a decision comes. */
import { equalBytes } from '../../chain/bytes.ts';
import { isEnforced } from '../../chain/rules.ts';
import { compareBallots } from './ballot.ts';
import { pointOf } from './block-log.ts';
import { type Entry, tentativeMax } from './messages.ts';
import type { PaxosState } from './state.ts';

/**
 * At each height above the decided point the entry of the highest ballot that any of the majority accepted, as long as each stands on the
 * one before. One that does not was not chosen, nor was anything above it (the lemma of the suffix, docs/consensus/paxos.md).
 */
export function chosenOf(state: PaxosState): readonly Entry[] {
  const reports = [...state.promises].map(([member, tentative]) =>
    member === state.self ? state.log.tentative : tentative,
  );
  const chosen: Entry[] = [];
  let tip = state.log.decided;
  while (isEnforced('B-P5 entries') && chosen.length < tentativeMax) {
    const best = highestAt(reports, tip.height + 1);
    if (best === null) break;
    if (isEnforced('B-P5 pointer') && !equalBytes(best.sealed.header.parent, tip.hash)) break;
    chosen.push(best);
    tip = pointOf(best.sealed);
  }
  return chosen;
}

function highestAt(reports: readonly (readonly Entry[])[], height: number): Entry | null {
  let best: Entry | null = null;
  for (const report of reports) {
    const entry = report.find(({ sealed }) => sealed.header.height === height);
    if (entry !== undefined && (best === null || isHigher(entry, best))) best = entry;
  }
  return best;
}

function isHigher(entry: Entry, best: Entry): boolean {
  const order = compareBallots(entry.ballot, best.ballot);
  return isEnforced('B-P5 ballot') ? order > 0 : order < 0;
}
