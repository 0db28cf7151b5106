/** Whole members of paxos: what a crash engine must survive, a small world for each (docs/consensus/paxos.md has the command for more). */
import { describe, expect, it } from 'vitest';
import type { PeerId } from '../../daemon/ports.ts';
import { type Fault, ofSeed, type Scenario } from './scenario.ts';
import { type Report, simulate } from './simulate.ts';
import type { SimulatedNode } from './simulated-node.ts';
import { leaders } from './voted-course.ts';
import { World } from './world.ts';

/** X1 of docs/operate/threats.md, virtual milliseconds. */
const leaderMsMax = 10_000;
/** X7, from when a majority is linked again. */
const resumeMsMax = 5_000;

function worldOf(seed: bigint, faults: readonly Fault[], nodes = 3): Scenario {
  return { ...ofSeed(seed, 'paxos'), nodes, faults, signatures: 'fast' };
}

/** Some node told that a block is final that is another one elsewhere, or a member broke its word: then this throws. */
function passing(seed: bigint, faults: readonly Fault[]): Promise<Report> {
  return simulate({ scenario: worldOf(seed, faults) });
}

/** Members that run and are linked to one other at least. */
function linked(world: World): readonly SimulatedNode[] {
  return world.nodes.filter(({ node }) => (node?.ports.network.peers().length ?? 0) > 0);
}

function heights(world: World): readonly number[] {
  return world.mirrors().map(({ height }) => height);
}

/** Lets members agree on a few blocks, all but so many of them, then tells the rest. */
async function told(seed: bigint, rest: (world: World) => Promise<void>, late = 0): Promise<void> {
  const world = new World({ scenario: worldOf(seed, []), onLine: () => {} });
  await world.run(async () => {
    const founders = world.nodes.slice(0, world.nodes.length - late);
    for (const node of founders) world.boot(node);
    await world.untilPatiently('they are up', () => founders.every(({ node }) => node !== null));
    world.workload.start();
    await world.untilPatiently('blocks', () => heights(world).every(height => height >= 3));
    await rest(world);
  });
}

describe('members of paxos', () => {
  it.each([1n, 2n])('seed %d: with every fault that they promise to survive', async seed => {
    const scenario = { ...ofSeed(seed, 'paxos'), nodes: 3, signatures: 'fast' } as const;
    const report = await simulate({ scenario });
    expect(report).toMatchObject({ reorgDepthMax: 0, attackers: 0 });
    expect(report.transactions).toBeGreaterThan(0);
  });

  it('give the same trace twice', async () => {
    const hashes = new Set(
      [await passing(5n, ['kill']), await passing(5n, ['kill'])].map(({ traceHash }) => traceHash),
    );
    expect(hashes.size).toBe(1);
  });

  it('are told on when their disks forget', async () => {
    const scenario = worldOf(1n, ['kill', 'leader-dies']);
    await expect(simulate({ scenario, sabotage: { disk: 'lies' } })).rejects.toThrow(/B-I\d+/);
  });

  it('X1: have a leader soon after several stood for election at once', async () => {
    const report = await passing(1n, ['duel']);
    expect(report.duels).toBeGreaterThan(0);
    expect(report.leaderlessMsMax).toBeLessThanOrEqual(leaderMsMax);
  });

  it('X2: survive messages that come twice, minutes late and in any order', async () => {
    const lines: string[] = [];
    const scenario = worldOf(2n, ['disorder', 'duplication', 'duel']);
    await simulate({ scenario, onLine: line => lines.push(line) });
    // A world has not every fault that it may have.
    expect(lines[0]).toBe('0.000 world faults disorder duplication duel');
  });

  it('X3, X5: keep their word and what a majority accepted when the leader dies between two acts', async () => {
    const report = await passing(1n, ['leader-dies']);
    expect(report.leadersKilled).toBeGreaterThan(0);
  });

  it('X4: decide nothing where the leader has no majority', async () => {
    await told(1n, async world => {
      await world.untilPatiently('a leader', () => leaders(world).length === 1);
      const [leader] = leaders(world);
      const others = world.nodes.filter(node => node !== leader).map(({ name }) => name);
      const name: PeerId = leader?.name ?? '';
      world.wires.partition([[name], others]);
      // What a majority held when the links went is decided all the same.
      await world.sleep(2_000);
      const before = world.checks.mirror(name)?.height;
      await world.sleep(30_000);
      expect(world.checks.mirror(name)?.height).toBe(before);
      expect(Math.max(...heights(world))).toBeGreaterThan((before ?? 0) + 2);
    });
  });

  it('X6: do not follow one that is empty until it has caught up', async () => {
    await told(
      1n,
      async world => {
        const late = world.nodes.at(-1);
        if (late === undefined) return;
        const before = Math.max(...heights(world));
        world.boot(late);
        await world.untilPatiently('it is up', () => late.node !== null);
        await world.untilPatiently('it is linked', () => linked(world).includes(late));
        late.node?.lead();
        const known = () => late.node?.engine.view().bestHeader.height ?? 0;
        let led: number | null = null;
        await world.untilPatiently('it has caught up', () => {
          if (leaders(world).includes(late)) led ??= known();
          return (world.checks.mirror(late.name)?.height ?? 0) >= before;
        });
        expect(led ?? before).toBeGreaterThanOrEqual(before);
      },
      1,
    );
  });

  it('X6: catch up when they come back far behind', async () => {
    const report = await passing(2n, ['catch-up']);
    expect(report.catchUps).toBeGreaterThan(0);
  });

  it('X7: stop without a majority, and have a leader soon after links are mended', async () => {
    await told(1n, async world => {
      await world.untilPatiently('a leader', () => leaders(world).length > 0);
      for (const leader of leaders(world)) await world.kill(leader);
      world.wires.partition(world.nodes.map(({ name }) => [name]));
      const before = Math.max(...heights(world));
      await world.sleep(180_000);
      expect(Math.max(...heights(world))).toBe(before);
      world.wires.mend();
      await world.untilPatiently('a majority is linked', () => linked(world).length >= 2);
      await world.until('a leader', resumeMsMax, () => leaders(world).length > 0);
    });
  });
});
