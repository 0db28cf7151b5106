/** Seeds that every build must pass. They stand in several files so that they run on several cores. */
import { expect, it } from 'vitest';
import { ofSeed } from './scenario.ts';
import { type Report, simulate } from './simulate.ts';
import { branchDepth } from './story.ts';

/** A seed takes a second or two; many times that on a machine that is busy with other things. */
const timeoutMs = 120_000;

/** A test for each seed from `first` to `last`, and one that all of them together left no kind of fault out. */
export function itConverges(first: number, last: number): void {
  const reports: Report[] = [];
  const seeds = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  it.each(seeds)('seed %i: splits, dies, heals and agrees', { timeout: timeoutMs }, async seed => {
    const report = await simulate({ scenario: ofSeed(BigInt(seed)) });
    reports.push(report);
    expect(report.nodes).toBeGreaterThanOrEqual(3);
    expect(report.nodes + report.villains).toBeLessThanOrEqual(10);
    expect(report.reorgDepthMax).toBeGreaterThanOrEqual(branchDepth);
    expect(report.partitions).toBeGreaterThanOrEqual(1);
    expect(report.kills).toBeGreaterThanOrEqual(1);
    expect(report.transactions).toBeGreaterThanOrEqual(1);
  });

  it('these seeds together meet every kind of fault', () => {
    for (const fault of ['oneWayCuts', 'killsWhileSyncing', 'restarts', 'brokenDisks', 'packetsLost'] as const) {
      expect(Math.max(...reports.map(report => report[fault])), fault).toBeGreaterThan(0);
    }
  });
}
