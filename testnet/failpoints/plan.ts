/** What makes a daemon come to each failpoint; a new place does not compile before it stands here. */
import { acts, type Failpoint, type FailpointPlace, sends, storeBatches } from '../../daemon/failpoints.ts';

/**
 * `load`: puts, a watch and a peer that mines and asks. `first start`: an empty folder. `stop`: SIGTERM under load. `snapshot`: a node
 * of its own that joins from one.
 */
export type Provocation = 'load' | 'first start' | 'stop' | 'invalid blocks' | 'pruning' | 'snapshot';

export interface PlanRow {
  readonly by: Provocation;
  /** The latest of its visits at which the daemon dies; the first is the earliest, in the middle of its recovery. */
  readonly hitsMax: number;
}

/** Null: no engine that is built sends any. */
const plan: Readonly<Record<FailpointPlace, PlanRow | null>> = {
  format: { by: 'first start', hitsMax: 1 },
  genesis: { by: 'first start', hitsMax: 1 },
  'own-block': { by: 'load', hitsMax: 3 },
  'peer-block': { by: 'load', hitsMax: 2 },
  'invalid-mark': { by: 'invalid blocks', hitsMax: 1 },
  'ledger-step': { by: 'load', hitsMax: 4 },
  mempool: { by: 'stop', hitsMax: 1 },
  'address-book': { by: 'stop', hitsMax: 1 },
  prune: { by: 'pruning', hitsMax: 2 },
  'snapshot-begin': { by: 'snapshot', hitsMax: 1 },
  // From the second life on the first of them takes away what the one before has left.
  'snapshot-rows': { by: 'snapshot', hitsMax: 2 },
  'snapshot-end': { by: 'snapshot', hitsMax: 1 },
  handshake: { by: 'load', hitsMax: 2 },
  'exchange-question': { by: 'load', hitsMax: 1 },
  'exchange-answer': { by: 'load', hitsMax: 1 },
  'sync-request': { by: 'load', hitsMax: 1 },
  'sync-answer': { by: 'load', hitsMax: 5 },
  'gossip-transactions': { by: 'load', hitsMax: 3 },
  'gossip-blocks': { by: 'load', hitsMax: 2 },
  'gossip-frame': { by: 'load', hitsMax: 5 },
  'engine-message': null,
  'http-answer': { by: 'load', hitsMax: 20 },
  'socket-answer': { by: 'load', hitsMax: 1 },
  'socket-event': { by: 'load', hitsMax: 2 },
  'block-assembly': { by: 'load', hitsMax: 3 },
};

export interface PlannedFailpoint extends PlanRow {
  readonly failpoint: Failpoint;
}

/** Every failpoint that a node of this network comes to, those of its first start first. */
export const plannedFailpoints: readonly PlannedFailpoint[] = namesOf().flatMap(name => {
  const row = plan[name];
  if (row === null) return [];
  return (['before', 'after'] as const).map(when => ({ failpoint: `${when} ${name}` as const, ...row }));
});

/** Places that nothing built so far comes to. */
export const unreached: readonly FailpointPlace[] = namesOf().filter(name => plan[name] === null);

function namesOf(): readonly FailpointPlace[] {
  return [...Object.keys(storeBatches), ...Object.keys(sends), ...Object.keys(acts)].filter(isPlanned);
}

function isPlanned(name: string): name is FailpointPlace {
  return Object.hasOwn(plan, name);
}
