/** The commands that play a story on real daemons and tell how it ended. */
import { type Command, InvalidArgumentError } from 'commander';
import { KvchainError } from '../../chain/errors.ts';
import { z } from '../../daemon/zod.ts';
import { readOptions } from '../networks/options.ts';
import { runAction } from '../networks/run-action.ts';
import type { ScenarioRow } from './paxos-judge.ts';

const attackExamples = `
Examples:
  kvchain-testnet attack 51 --share 0.6 --confirmations 3    more than half: it succeeds
  kvchain-testnet attack 51 --share 0.3 --confirmations 6    less: it almost never does
  kvchain-testnet attack 51 --share 0.51 --confirmations 2 --json
  kvchain-testnet attack 51 --share 0.7 --confirmations final --engine pow-paxos    what is final stays
`;

export function addScenarioCommands(program: Command): void {
  const attack = program
    .command('attack')
    .argument('<name>', '51: a double spend by a private fork')
    .description('Attacks a network of three real daemons and tells what the victim saw.')
    .option('--share <q>', "the attacker's part of all hash power, between 0 and 1", number, 0.6)
    .option('--confirmations <z>', 'what the victim waits for: so many blocks, or `final`', numberOrFinal, 3)
    .option('--difficulty <bits>', 'leading zero bits; the hash rates follow, blocks come every 500 ms', number, 12)
    .option('--give-up <blocks>', 'the attacker gives up when it is so far behind', number, 12)
    .option('--engine <name>', 'how the daemons agree', 'pow')
    .option('--json', 'only the report, as one JSON document')
    .helpOption('--help', 'Tell all this and end.')
    .addHelpText('after', attackExamples);
  attack.action(
    runAction(attack, async (options, [name = '']) => {
      if (name !== '51') throw new KvchainError('USAGE', `no attack ${JSON.stringify(name)}: there is 51`);
      const { share, confirmations, difficulty, giveUp, engine, json } = readOptions(attackOptions, options);
      const { attack51 } = await import('./attack-51.ts');
      const order = { engine, share, confirmations, difficulty, giveUpBehind: giveUp };
      for (const report of await attack51({ ...order, tell: teller(json) }, 1)) print(report, json);
    }),
  );
  const run = program
    .command('run')
    .argument(
      '<scenario>',
      'fork-heal: a network is cut into two that both go on, and healed; paxos-scenarios: a classroom (docs/classroom.md)',
    )
    .description('Plays a scenario on real daemons and tells how it ended.')
    .option('--json', 'only the report, as one JSON document')
    .helpOption('--help', 'Tell all this and end.')
    .addHelpText(
      'after',
      '\nExamples:\n  kvchain-testnet run fork-heal\n  kvchain-testnet run paxos-scenarios --json\n',
    );
  run.action(
    runAction(run, async (options, [name = '']) => {
      const isJson = options.json === true;
      if (name === 'paxos-scenarios') {
        const [{ paxosScenarios }, { faultsOf }, { tableHead, tableLine }] = await Promise.all([
          import('./paxos-scenarios.ts'),
          import('./paxos-judge.ts'),
          import('./scenario-table.ts'),
        ]);
        const tellRow = (row: ScenarioRow) => {
          if (!isJson) process.stdout.write(`${tableLine(row)}\n`);
        };
        if (!isJson) process.stdout.write(`${tableHead}\n`);
        const rows = await paxosScenarios(tellRow, () => true);
        if (isJson) process.stdout.write(`${JSON.stringify(rows)}\n`);
        const faults = rows.flatMap(faultsOf);
        for (const fault of faults) process.stderr.write(`error: ${fault}\n`);
        if (faults.length > 0) process.exitCode = 1;
        return;
      }
      if (name !== 'fork-heal')
        throw new KvchainError('USAGE', `no scenario ${JSON.stringify(name)}: there are fork-heal and paxos-scenarios`);
      const [{ forkHeal }, { forkHealText }] = await Promise.all([
        import('./fork-heal.ts'),
        import('./fork-heal-text.ts'),
      ]);
      const report = await forkHeal(teller(isJson));
      process.stdout.write(isJson ? `${JSON.stringify(report)}\n` : forkHealText(report));
    }),
  );
}

const attackOptions = z
  .object({
    share: z.number().gt(0).lt(1),
    confirmations: z.union([z.number().int().min(1).max(1_000), z.literal('final')]),
    difficulty: z.number().int().min(8).max(40),
    giveUp: z.number().int().min(1).max(10_000),
    engine: z.string(),
    json: z.boolean().default(false),
  })
  .refine(({ confirmations, engine }) => confirmations !== 'final' || engine !== 'pow', {
    path: ['confirmations'],
    message: 'engine pow makes nothing final: give --engine pow-paxos, or a number',
  });

function teller(isJson: boolean): (line: string) => void {
  return isJson ? () => {} : line => process.stderr.write(`${line}\n`);
}

function print(report: object, isJson: boolean): void {
  if (isJson) process.stdout.write(`${JSON.stringify(report)}\n`);
  else for (const [name, value] of Object.entries(report)) process.stdout.write(`${name.padEnd(22)}${value}\n`);
}

function numberOrFinal(given: string): number | 'final' {
  return given === 'final' ? given : number(given);
}

function number(given: string): number {
  const value = Number(given);
  if (given.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}
