/**
 * One subscription of kv_watch. It pulls: it stands at a block, asks the node what follows, sends that, and steps; the node's events
 * only wake it. So each block's changes go out exactly once and in order, whatever happens meanwhile, and a slow consumer costs nothing
 * but its own place: one event is under way at a time.
 */
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { accept, KvchainError, type Result, reject } from '../../chain/errors.ts';
import type { Evidence } from '../../consensus/engine.ts';
import type { AppliedEvent, NodeApi, UndoneEvent } from '../node-api.ts';
import { Bell } from './bell.ts';
import { historyJson } from './views.ts';
import type { WatchEvent } from './watch-event.ts';

export interface WatchPoint {
  readonly height: number;
  readonly hash: Uint8Array;
}

export interface WatchOptions {
  readonly node: NodeApi;
  readonly prefix: string;
  readonly from: WatchPoint;
  /** Resolves when the consumer has taken the event. */
  send(event: WatchEvent): Promise<void>;
  /** Ends the subscription and every wait in it. */
  readonly signal: AbortSignal;
}

type BlockEvent = AppliedEvent | UndoneEvent;

/** Conflicts of finality that wait for a slow consumer; the first of them say all. */
const conflictsMax = 16;

/** True when a watch can go on from `point`: the block is known and within the undo window. */
export async function canResume(node: NodeApi, point: WatchPoint): Promise<Result<null>> {
  if ((await node.undoneSince(point.height, point.hash)) !== null) return accept(null);
  return reject('RESUME_TOO_OLD', `no watch from block ${toHex(point.hash)} at height ${point.height}`);
}

/** Runs until the signal aborts. Throws RESUME_TOO_OLD when the chain moved on further than it can be followed. */
export async function runWatch(options: WatchOptions): Promise<void> {
  const bell = new Bell(options.signal);
  const conflicts: Evidence[] = [];
  const unsubscribe = options.node.onLedgerEvent(event => {
    if (event.type === 'finality_conflict' && conflicts.length < conflictsMax) conflicts.push(event.evidence);
    bell.ring();
  });
  try {
    let point = options.from;
    while (!options.signal.aborted) {
      const mark = bell.mark();
      for (const evidence of conflicts.splice(0)) await options.send(conflictJson(evidence));
      const next = await nextEvents(options.node, point);
      for (const event of next) {
        if (options.signal.aborted) return;
        await options.send(eventJson(event, options));
        point = event.type === 'applied' ? pointOf(event) : { height: event.height - 1, hash: event.parent };
      }
      if (next.length === 0) await bell.nextAfter(mark);
    }
  } finally {
    unsubscribe();
  }
}

/** What follows `point`: the blocks to undo when it is no longer canonical, else the next block; nothing at the head. */
async function nextEvents(node: NodeApi, point: WatchPoint): Promise<readonly BlockEvent[]> {
  const undone = await node.undoneSince(point.height, point.hash);
  if (undone === null)
    throw new KvchainError('RESUME_TOO_OLD', `block ${toHex(point.hash)} cannot be followed any more`);
  if (undone.length > 0) return undone;
  const next = await node.appliedEvent(point.height + 1);
  // The chain may have switched between the two questions: then the first one is asked again.
  if (next !== null) return equalBytes(next.parent, point.hash) ? [next] : nextEvents(node, point);
  if (node.status().head.header.height <= point.height) return [];
  throw new KvchainError('RESUME_TOO_OLD', `the block after height ${point.height} is below the undo window`);
}

function pointOf(event: BlockEvent): WatchPoint {
  return { height: event.height, hash: event.hash };
}

function conflictJson({ kind, height, hash, other }: Evidence): WatchEvent {
  return { type: 'finality_conflict', kind, height, hash: toHex(hash), other: toHex(other) };
}

function eventJson(event: BlockEvent, { node, prefix }: WatchOptions): WatchEvent {
  const block = { height: event.height, hash: toHex(event.hash), parent: toHex(event.parent), time: event.time };
  if (event.type === 'undone') {
    return { type: 'undone', ...block, keys: event.keys.filter(key => key.startsWith(prefix)) };
  }
  const { addressPrefix } = node.params();
  const changes = event.changes.filter(change => change.key.startsWith(prefix));
  return { type: 'applied', ...block, changes: changes.map(change => historyJson(change, addressPrefix)) };
}
