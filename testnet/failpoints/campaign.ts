/** Rounds of deaths, each over a new network, added up by failpoint. */
import type { Genesis } from '../../chain/genesis.ts';
import { defaultParams } from '../../chain/params.ts';
import { bitsForLeadingZeros } from '../../chain/target.ts';
import { Cluster } from '../cluster.ts';
import { Companion } from './companion.ts';
import type { PlannedFailpoint } from './plan.ts';
import { type Death, Round } from './round.ts';

/** The victim's hashes per second; with these bits it finds three blocks a second. */
const flags: readonly string[] = ['--mine', '--mine-threads', '1', '--mine-rate', '6000'];
const zeroBits = 11;
/** Blocks that may be undone, and that are kept when bodies are pruned: far more than the companion finds while the victim is dead. */
const undoBlocksMax = 30;
/** A snapshot is used so deep under the head, and taken at every half of that. */
const snapshotFrom = 1.5 * undoBlocksMax;
const pruning: readonly string[] = ['--prune-below', String(undoBlocksMax)];
const targetMs = 250;
/** A death at no failpoint comes within this time under load. */
const randomMsMax = 1_500;

export interface Result {
  readonly failpoint: string;
  readonly kills: number;
  /** The most puts that were acknowledged when it died there: all of them are looked for after each death. */
  readonly acknowledged: number;
  readonly lost: number;
}

export interface CampaignPlan {
  readonly failpoints: readonly PlannedFailpoint[];
  /** Deaths at each failpoint, each at another visit of it. */
  readonly rounds: number;
  /** Deaths at any time, in each round. */
  readonly randomKills: number;
  readonly onDeath: (death: Death) => void;
}

/** Throws when a daemon does not die where it should, does not stand up again, or holds a state that its blocks do not give. */
export async function runCampaign({
  failpoints,
  rounds,
  randomKills,
  onDeath,
}: CampaignPlan): Promise<readonly Result[]> {
  const deaths: Death[] = [];
  const note = (death: Death) => {
    deaths.push(death);
    onDeath(death);
  };
  for (let number = 0; number < rounds; number++) {
    await inNetwork(async round => {
      for (const planned of failpoints) note(await round.dieAt(planned, hitOf(planned, number)));
      for (let kill = 0; kill < randomKills; kill++) note(await round.dieAfter(Math.random() * randomMsMax));
      await round.finish();
    });
  }
  return addUp(deaths);
}

/** The latest visit in the first round, then nearer and nearer to the start of the process. */
function hitOf({ hitsMax }: PlannedFailpoint, round: number): number {
  return hitsMax - (round % hitsMax);
}

async function inNetwork(run: (round: Round) => Promise<void>): Promise<void> {
  const genesis = makeGenesis();
  const cluster = await Cluster.create(genesis);
  const faults: unknown[] = [];
  try {
    const companion = await Companion.start(genesis, fault => faults.push(fault));
    try {
      await run(new Round({ genesis, cluster, companion, flags, pruning, snapshotFrom }));
    } finally {
      await companion.stop();
    }
  } finally {
    await cluster.close();
  }
  if (faults.length > 0) throw new AggregateError(faults, 'the companion, which nobody killed, had faults');
}

function makeGenesis(): Genesis {
  const params = {
    ...defaultParams('pow', { targetMs, testNetwork: 1 }),
    undoBlocksMax,
    retarget: 'fixed' as const,
    bits: bitsForLeadingZeros(zeroBits),
  };
  return {
    version: 1,
    name: 'failpoints',
    engine: 'pow',
    time: Date.now() - 60_000,
    schedule: [{ height: 0, params }],
    members: [],
    minters: [],
    allocations: [],
  };
}

function addUp(deaths: readonly Death[]): readonly Result[] {
  const results = new Map<string, Result>();
  for (const { at, acknowledged, lost } of deaths) {
    const before = results.get(at) ?? { kills: 0, acknowledged: 0, lost: 0 };
    results.set(at, {
      failpoint: at,
      kills: before.kills + 1,
      acknowledged: Math.max(before.acknowledged, acknowledged),
      lost: before.lost + lost.length,
    });
  }
  return [...results.values()];
}
