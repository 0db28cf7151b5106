/** Whole nodes of pow-paxos, some of which are the committee; docs/consensus/finality.md has the command for more seeds. */
import { expect, it } from 'vitest';
import { ofSeed } from './scenario.ts';
import { simulate } from './simulate.ts';

/** A seed takes some seconds; many times that on a machine that is busy with other things. */
const timeoutMs = 120_000;

it('seed 3: nothing final is undone, and finality catches up', { timeout: timeoutMs }, async () => {
  const scenario = { ...ofSeed(3n, 'pow-paxos'), nodes: 6, signatures: 'fast' } as const;
  const report = await simulate({ scenario });
  expect(report).toMatchObject({ nodes: 4, attackers: 2, partitions: 1, kills: 1 });
  expect(report.reorgDepthMax).toBeGreaterThan(0);
});
