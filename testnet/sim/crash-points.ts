/**
 * A crash at every write: one small story is told again and again, and each time the first machine loses its power at the next write that
 * its disk is given, and keeps another beginning of what was not yet durable. Then it starts again, and everything must be as in any story.
 */
import type { Store } from '../../daemon/ports.ts';
import { ofSeed } from './scenario.ts';
import { heal } from './story.ts';
import { judge } from './verdict.ts';
import { World } from './world.ts';

export interface CrashPoint {
  readonly seed: bigint;
  /** The write at which the power fails, counted from the first of the machine's life. */
  readonly write: number;
  /** Batches that survive, of those that were not durable. */
  readonly survivors: number;
}

export interface CrashEnd {
  /** Batches that were not durable at that write; null when the story ended before it. */
  readonly unsynced: number | null;
}

/** Of the story, before it is healed. */
const blocks = 3;

/** Throws an Error that says what does not hold. */
async function crashAt({ seed, write, survivors }: CrashPoint): Promise<CrashEnd> {
  const scenario = { ...ofSeed(seed), nodes: 3, faults: [], signatures: 'fast' } as const;
  const world = new World({ scenario, onLine: () => {} });
  let unsynced: number | null = null;
  await world.run(async () => {
    const [victim] = world.nodes;
    if (victim === undefined) return;
    let writes = 0;
    victim.onWrite = () => {
      writes += 1;
    };
    for (const node of world.nodes) world.boot(node);
    world.workload.start();
    const isLong = () => (world.checks.mirror(victim.name)?.height ?? 0) >= blocks;
    await world.untilPatiently('the write', () => writes >= write || isLong());
    if (writes >= write) {
      unsynced = victim.unsynced;
      await world.kill(victim, Math.min(survivors, unsynced));
      await world.sleep(1_000);
      world.boot(victim);
    }
    await world.untilPatiently('all are up', () => world.nodes.every(({ node }) => node !== null));
    await heal(world);
  });
  const stores = new Map<string, Store>(world.nodes.map(node => [node.name, node.disk]));
  await judge(world.genesis, stores, world.workload.submissions);
  return { unsynced };
}

/** Every write of the story with every beginning that may survive, in their order; those that `isChosen` leaves out are not run. */
export async function crashEverywhere(
  seed: bigint,
  onPoint: (point: CrashPoint) => void,
  isChosen: (number: number) => boolean = () => true,
): Promise<number> {
  let points = 0;
  for (let write = 1; ; write++) {
    let unsynced: number | null = 0;
    for (let survivors = 0; survivors <= (unsynced ?? -1); survivors++) {
      const point = { seed, write, survivors };
      points += 1;
      if (survivors > 0 && !isChosen(points)) continue;
      onPoint(point);
      ({ unsynced } = await crashAt(point));
    }
    if (unsynced === null) return points - 1;
  }
}
