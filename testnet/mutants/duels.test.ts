/** Each attacker meets a network with its defence, which holds, and one without it, which does not. */
import { describe, expect, it } from 'vitest';
import { runCampaign } from '../sim/campaign.ts';
import { duels, scenarioOf } from './duels.ts';
import { hunt } from './mutants.ts';

/** A seed takes a second or two; many times that on a machine that is busy with other things. */
const timeoutMs = 120_000;

describe('an attacker', () => {
  it.each(duels)('$attacker succeeds against nodes without $defence', { timeout: timeoutMs }, async duel => {
    const broken = await hunt(duel.defence, [scenarioOf(duel)]);
    expect(broken).toMatchObject({ caught: true, seed: Number(duel.seed) });
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
