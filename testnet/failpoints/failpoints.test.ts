import { expect, it } from 'vitest';
import { acts, type Failpoint, sends, storeBatches } from '../../daemon/failpoints.ts';
import { repositoryRoot, runNode } from '../ci/programs.ts';
import { runCampaign } from './campaign.ts';
import { plannedFailpoints, unreached } from './plan.ts';

const limitMs = 600_000;
const all = [...Object.keys(storeBatches), ...Object.keys(sends), ...Object.keys(acts)]
  .filter(name => !unreached.some(absent => absent === name))
  .flatMap(name => [`before ${name}`, `after ${name}`]);

/** `npm run failpoints` dies at both sides of a send; here at one, in turns, for the other writes nothing between. */
const leftOut = new Set(Object.keys(sends).map((name, index) => `${index % 2 === 0 ? 'after' : 'before'} ${name}`));
const isLeftOut = (name: string) => leftOut.has(name);

it(
  'D1: a daemon killed before and after each batch, and once at each send, stands up and has lost nothing acknowledged',
  async () => {
    expect(unreached).toEqual(['engine-message']);
    const failpoints = plannedFailpoints.filter(({ failpoint }) => !isLeftOut(failpoint));
    const plan = { failpoints, rounds: 1, randomKills: 0, onDeath: () => {} };
    const results = await runCampaign(plan);
    expect(results.map(({ failpoint }) => failpoint).toSorted()).toEqual(
      all.filter(name => !isLeftOut(name)).toSorted(),
    );
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

it.each([
  ['after ledger-step 2', ['1 step', '2 steps']],
  ['before ledger-step 2, after ledger-step 1', ['1 step', '2 steps']],
  ['SIGUSR2, after ledger-step 2', ['1 step', '2 steps', '3 steps', 'signal', '1 step', '2 steps']],
])('%s kills when it has come so far', async (armed, said) => {
  const program = `
    import { failpoint } from '#failpoint';
    const steps = number => {
      for (let step = 1; step <= number; step++) {
        failpoint('before', 'ledger-step');
        process.stdout.write(step === 1 ? '1 step,' : step + ' steps,');
        failpoint('after', 'ledger-step');
      }
    };
    steps(3);
    process.once('SIGUSR2', () => {
      process.stdout.write('signal,');
      steps(3);
      process.stdout.write('alive');
    });
    process.kill(process.pid, 'SIGUSR2');
    setTimeout(() => {}, 1_000);`;
  const flags = ['--conditions=failpoints', '--input-type=module', '-e', program];
  const { stdout } = await runNode(repositoryRoot, flags, { KVCHAIN_FAILPOINT: armed });
  expect(stdout).toBe(`${said.join(',')},`);
});
