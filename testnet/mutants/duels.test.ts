/** Each attacker meets a network with its defence, which holds, and one without it, which does not. */
import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../ci/programs.ts';
import { runCampaign } from '../sim/campaign.ts';
import { controlOf, duels, eclipse, scenarioOf } from './duels.ts';
import { hunt } from './mutants.ts';

/** A seed takes a second or two; many times that on a machine that is busy with other things. */
const timeoutMs = 120_000;

/** Restarts of a victim until it is surrounded by one attacker, or `null`; that it holds with every rule eclipse.test.ts shows. */
async function eclipsedWithout(rule: string): Promise<string> {
  const dist = new URL('dist/', pathToFileURL(repositoryRoot));
  const script = `
    import '${new URL('daemon/polyfill.js', dist)}';
    const { eclipsedAfter } = await import('${new URL('daemon/network/eclipse.suite.js', dist)}');
    process.stdout.write(String(await eclipsedAfter(50)));`;
  const env = { ...process.env, KVCHAIN_BROKEN_RULE: rule };
  const args = ['--conditions=mutant', '--input-type=module', '--eval', script];
  return (await promisify(execFile)(process.execPath, args, { cwd: repositoryRoot, env })).stdout;
}

describe('an attacker', () => {
  it.each(duels)('$attacker succeeds against nodes without $defence', { timeout: timeoutMs }, async duel => {
    const broken = await hunt(duel.defence, [scenarioOf(duel)]);
    expect(broken).toMatchObject({ caught: true, seed: Number(duel.seed) });
  });

  it.each(duels)(
    '$attacker is what fails there: without it, and without $defence, all is well',
    {
      timeout: timeoutMs,
    },
    async duel => {
      expect(await hunt(duel.defence, [controlOf(duel)])).toMatchObject({ caught: false });
    },
  );

  it('eclipser surrounds a node without anchors', { timeout: timeoutMs }, async () => {
    expect(Number(await eclipsedWithout(eclipse.defence))).toBeGreaterThan(0);
  });

  it('changes nothing in a network with every defence', { timeout: timeoutMs * 2 }, async () => {
    const failed: string[] = [];
    await runCampaign(duels.map(scenarioOf), {
      jobs: 1,
      traceFolder: null,
      brokenRule: null,
      onOutcome: ({ verdict, check }) => {
        if (verdict !== 'Pass') failed.push(`${verdict}: ${check ?? ''}`);
        return 'go on';
      },
    });
    expect(failed).toEqual([]);
  });
});
