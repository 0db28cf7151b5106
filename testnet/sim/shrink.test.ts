/** What `--shrink` prints of a planted bug: less than it was given, still failing, and a file that the regressions can read. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readScenario } from './scenario.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('./main.js', import.meta.url));
/** Ten small worlds and more, a second each; many times that on a machine that is busy with other things. */
const timeoutMs = 240_000;
const world = ['--seed', '1', '--faults', 'partition,loss', '--nodes', '3', '--signatures', 'fast', '--without', '2,3'];

/** What it printed, and its exit code: 1 where the seed fails. */
async function shrink(rule: string | null) {
  const condition = rule === null ? [] : ['--conditions=mutant'];
  const env = rule === null ? process.env : { ...process.env, KVCHAIN_BROKEN_RULE: rule };
  const running = run(process.execPath, [...condition, program, ...world, '--shrink'], { env });
  return running.then(
    printed => ({ code: 0, ...printed }),
    (error: { readonly code: number; readonly stdout: string; readonly stderr: string }) => error,
  );
}

describe('--shrink', () => {
  it('leaves out what a failure does not need, and prints what the regressions read', {
    timeout: timeoutMs,
  }, async () => {
    const { code, stdout, stderr } = await shrink('mempool undone');
    expect(code).toBe(1);
    const found = readScenario(stdout);
    expect(found).toMatchObject({ seed: 1n, nodes: 3, faults: ['partition'], signatures: 'fast' });
    expect(found.without.length).toBeGreaterThan(2);
    expect(stdout).toContain('is in neither mempool nor chain');
    expect(stderr).toContain('trying --engine pow --seed 1 --nodes 3');
  });

  it('says so when the seed does not fail', { timeout: timeoutMs }, async () => {
    const stderr = 'seed 1 does not fail: nothing is to be left out\n';
    expect(await shrink(null)).toMatchObject({ code: 0, stdout: '', stderr });
  });
});
