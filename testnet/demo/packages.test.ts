import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readPackages } from './package-index.ts';
import { isGood, type Report } from './report.ts';

const run = promisify(execFile);
const sample = fileURLToPath(new URL('../../../testnet/demo/packages-sample.txt', import.meta.url));
const program = fileURLToPath(new URL('./packages.js', import.meta.url));

describe('npm run demo:packages', () => {
  it('reads name, version, size and digest of each package of an index', async () => {
    const packages = await readPackages(sample);
    expect(packages).toHaveLength(200);
    const [first] = packages;
    expect(Object.keys(JSON.parse(first?.value ?? '{}'))).toEqual(['version', 'size', 'sha256']);
  });

  it('ends with four daemons at one head and state root, and every package read back', {
    timeout: 300_000,
  }, async () => {
    const { stdout } = await run(process.execPath, [program, sample, '--small', '--json'], { timeout: 290_000 });
    const report: Report = JSON.parse(stdout);
    expect(report).toMatchObject({ rows: 200, matched: 200, killedCaughtUp: true, lateMinedAccepted: true });
    expect(new Set(report.heads).size).toBe(1);
    expect(new Set(report.stateRoots).size).toBe(1);
  });

  it('is good only when everything holds', () => {
    const good: Report = {
      rows: 2,
      matched: 2,
      heads: ['a', 'a', 'a', 'a'],
      stateRoots: ['b', 'b', 'b', 'b'],
      killedCaughtUp: true,
      lateMinedAccepted: true,
      rates: { rowsPerSecond: 1, transactionsPerSecond: 1, getsPerSecond: 1 },
      latencies: { putToIncludedMs: { p50: 1, p99: 1 }, getMs: { p50: 1, p99: 1 } },
      bytes: { values: 1, disk: [1, 1, 1, 1] },
      blocks: 1,
    };
    expect(isGood(good)).toBe(true);
    const broken: readonly Partial<Report>[] = [
      { rows: 0, matched: 0 },
      { matched: 1 },
      { heads: ['a', 'a', 'a', 'x'] },
      { heads: ['a', 'a', 'a'] },
      { stateRoots: ['b', 'b', 'x', 'b'] },
      { killedCaughtUp: false },
      { lateMinedAccepted: false },
    ];
    for (const change of broken) expect(isGood({ ...good, ...change })).toBe(false);
  });

  it('refuses to run on too few packages, and without a file', async () => {
    await expect(run(process.execPath, [program, sample])).rejects.toMatchObject({ code: 2 });
    await expect(run(process.execPath, [program])).rejects.toMatchObject({ code: 2 });
  });
});
