import { expect, it } from 'vitest';
import { type Failpoint, sends, storeBatches } from '../../daemon/failpoints.ts';
import { repositoryRoot, runNode } from '../ci/programs.ts';
import { runCampaign } from './campaign.ts';
import { plannedFailpoints, unreached } from './plan.ts';

const limitMs = 600_000;
const all = [...Object.keys(storeBatches), ...Object.keys(sends)]
  .filter(name => !unreached.some(absent => absent === name))
  .flatMap(name => [`before ${name}`, `after ${name}`]);

it(
  'D1: a daemon killed before and after each batch and each send stands up and has lost nothing acknowledged',
  async () => {
    expect(unreached).toEqual(['engine-message']);
    const plan = { failpoints: plannedFailpoints, rounds: 1, randomKills: 0, onDeath: () => {} };
    const results = await runCampaign(plan);
    expect(results.map(({ failpoint }) => failpoint).toSorted()).toEqual(all.toSorted());
    for (const { failpoint, kills, lost } of results)
      expect({ failpoint, kills, lost }).toEqual({ failpoint, kills: 1, lost: 0 });
    expect(Math.max(...results.map(({ acknowledged }) => acknowledged))).toBeGreaterThan(4);
  },
  limitMs,
);

it.each([
  [['--conditions=failpoints'], ''],
  [[], 'alive'],
])('the variable kills with the condition alone: node %j', async (flags, said) => {
  const failpoint: Failpoint = 'after ledger-step';
  const program =
    "import { failpoint } from '#failpoint'; failpoint('after', 'ledger-step'); process.stdout.write('alive');";
  const variables = { KVCHAIN_FAILPOINT: `${failpoint} 1` };
  const { stdout } = await runNode(repositoryRoot, [...flags, '--input-type=module', '-e', program], variables);
  expect(stdout).toBe(said);
});
