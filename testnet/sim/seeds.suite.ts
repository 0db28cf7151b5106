/** Seeds that every build must pass. They stand in several files so that they run on several cores. */
import { expect, it } from 'vitest';
import { branchDepth } from './mined-course.ts';
import { ofSeed, type Scenario } from './scenario.ts';
import { type Report, simulate } from './simulate.ts';

/** A seed takes a second or two; many times that on a machine that is busy with other things. */
const timeoutMs = 120_000;

export interface Seeds {
  readonly first: number;
  readonly last: number;
  readonly scenarioOf: (seed: bigint) => Scenario;
}

/** Worlds of three or four machines, every third with an attacker: they show nearly all that large ones show, and cost a third. */
export function smallWorld(seed: bigint): Scenario {
  return { ...ofSeed(seed), nodes: seed % 3n === 0n ? 4 : 3, signatures: 'fast' };
}

/** A small world to which at most two things happen, whichever they are: a seed costs half of a whole story. */
export function shortStory(seed: bigint): Scenario {
  return { ...smallWorld(seed), without: [2, 3] };
}

/** A test for each seed from `first` to `last`, and one that all of them together left no kind of fault out. */
export function itConverges({ first, last, scenarioOf }: Seeds): void {
  const reports: Report[] = [];
  const seeds = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  it.each(seeds)('seed %i: splits, dies, heals and agrees', { timeout: timeoutMs }, async seed => {
    const scenario = scenarioOf(BigInt(seed));
    const report = await simulate({ scenario });
    reports.push(report);
    expect(report.nodes).toBeGreaterThanOrEqual(3);
    expect(report.nodes + report.attackers).toBeLessThanOrEqual(scenario.nodes ?? 10);
    if (scenario.without.length === 0) {
      expect(report.reorgDepthMax).toBeGreaterThanOrEqual(branchDepth);
      expect(report.partitions).toBeGreaterThanOrEqual(1);
      expect(report.kills).toBeGreaterThanOrEqual(1);
    }
    // In a small world all clients may have the machine that joins last.
    if (scenario.nodes === null) expect(report.transactions).toBeGreaterThanOrEqual(1);
  });

  it('these seeds together meet every kind of fault', () => {
    for (const fault of [
      'transactions',
      'oneWayCuts',
      'killsWhileSyncing',
      'restarts',
      'brokenDisks',
      'catchUps',
      'packetsLost',
    ] as const) {
      expect(Math.max(...reports.map(report => report[fault])), fault).toBeGreaterThan(0);
    }
  });
}
