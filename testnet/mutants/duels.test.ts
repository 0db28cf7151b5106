/** Each attacker meets a network with its defence, which holds, and one without it, which does not. */
import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../ci/programs.ts';
import { runCampaign } from '../sim/campaign.ts';
import type { Scenario } from '../sim/scenario.ts';
import { controlOf, duels, eclipse, scenarioOf } from './duels.ts';

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

/** What becomes of each of the scenarios, one after the other in one process, whose nodes lack the rule. */
async function verdictsOf(scenarios: readonly Scenario[], brokenRule: string | null): Promise<readonly string[]> {
  const verdicts: string[] = [];
  await runCampaign(scenarios, {
    jobs: 1,
    traceFolder: null,
    brokenRule,
    onOutcome: ({ verdict, check }) => {
      verdicts.push(check === null ? verdict : `${verdict}: ${check}`);
      return 'go on';
    },
  });
  return verdicts;
}

describe('an attacker', () => {
  it.each(duels)(
    '$attacker succeeds against nodes without $defence, and where it is missing nothing fails them',
    { timeout: timeoutMs },
    async duel => {
      const verdicts = await verdictsOf([scenarioOf(duel), controlOf(duel)], duel.defence);
      expect(verdicts).toEqual([expect.not.stringMatching(/^Pass/), 'Pass']);
    },
  );

  it('eclipser surrounds a node without anchors', { timeout: timeoutMs }, async () => {
    expect(Number(await eclipsedWithout(eclipse.defence))).toBeGreaterThan(0);
  });

  it('changes nothing in a network with every defence', { timeout: timeoutMs * 2 }, async () => {
    const verdicts = await verdictsOf(duels.map(scenarioOf), null);
    expect(verdicts).toEqual(duels.map(() => 'Pass'));
  });
});
