/** The commands of real networks: `up`, and those that speak to it from another terminal. */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { KvchainError } from '../../chain/errors.ts';
import { z } from '../../daemon/zod.ts';
import { attackerKinds } from '../attackers/kinds.ts';
import { giveOrder, type Order } from './control.ts';
import { parseGroups } from './link-plan.ts';
import { optionNameOf, readOptions } from './options.ts';
import { runAction } from './run-action.ts';
import { endLeftovers, networkFolder, readState } from './state-file.ts';
import { type MemberRow, tableOf } from './table.ts';

const logLinesDefault = 50;

/** What a running network answers to `ps`; it is of the same program. */
const rowsSchema = z.array(z.custom<MemberRow>(value => typeof value === 'object' && value !== null));

export function addNetworkCommands(program: Command): void {
  addUp(program);
  addPs(program);
  addDown(program);
  addLogs(program);
  addKill(program);
  addOrders(program);
  addLinkOrders(program);
}

const upExamples = `
Examples:
  kvchain-testnet up                                      five daemons that all know each other and mine
  kvchain-testnet up --engine pow-paxos --nodes 7         the first five vote on which blocks are final
  kvchain-testnet up --nodes 7 --topology ring            each linked to two neighbours alone
  kvchain-testnet up --attackers private-fork:1,silent:1  two daemons more, that attack
  kvchain-testnet up --difficulty 14 --hash-rate 4000     14 zero bits for ever, 4,000 hashes a second each
  kvchain-testnet up --engine paxos --classroom --delay 5000   five servers and three clients for a class
  kvchain-testnet up --file network.yaml                  as the file says (docs/testnet/README.md)

From another terminal, members by the numbers that ps shows:
  kvchain-testnet ps
  kvchain-testnet kill 2 -9 && kvchain-testnet restart 2
  kvchain-testnet partition 0,1/2,3,4 && kvchain-testnet heal
  kvchain-testnet down
`;

function addUp(program: Command): void {
  const command = program
    .command('up')
    .description('Starts a network of real daemons on this machine and shows it until Ctrl-C.')
    .option('--nodes <count>', 'daemons (default: 5)', whole)
    .option('--engine <name>', 'how they agree: pow, pow-paxos or paxos (default: pow)')
    .option('--voters <count>', 'how many of them vote, the first ones (default: five beside miners, else all)', whole)
    .option('--attackers <kind:count,...>', `attackers beside them: ${attackerKinds.join(', ')}`)
    .option('--topology <shape>', 'who is linked to whom: mesh, ring, star or random:D (default: mesh)')
    .option('--classroom', 'servers P1 to P5 and clients C1 to C3 as in docs/classroom.md')
    .option(
      '--delay <ms>',
      'everything that daemons and clients of a classroom send comes so much later (default: 0)',
      whole,
    )
    .option('--nonce-digits <n>', 'of a classroom: digits at the end of h that are to be 0, 1 or 2 (default: 1)', whole)
    .option('--record', 'record what every engine is told, in the folder')
    .option('--replay', 'play the recording in the folder again, in virtual time, and end')
    .option(
      '--interval <ms>',
      'milliseconds between blocks that the difficulty aims at (default: 2000); of paxos, until a silent leader is replaced (default: 300)',
      whole,
    )
    .option('--difficulty <bits>', 'leading zero bits of a block hash, fixed; without it --interval decides', whole)
    .option('--hash-rate <rate>', 'hashes per second of each daemon (default: 2000)', whole)
    .option('--seed <number>', 'of a random topology (default: 1)', whole)
    .option('--netns', 'each member on a host of its own, a network namespace (root, iproute2)')
    .option('--file <yaml>', 'a network file; flags given beside it win')
    .option('--json', 'tell the members as one line of JSON when all are up, and nothing more')
    .addHelpText('after', upExamples);
  withFolder(command).action(
    runAction(command, async options => {
      const { file, interval, delay, attackers, dir, json, netns, replay, ...flags } = readOptions(upOptions, options);
      if (replay) {
        const { replayNetwork } = await import('./replay.ts');
        replayNetwork(networkFolder(dir), json ? 'json' : 'text');
        return;
      }
      // What only this command needs is loaded with it: the others answer at once.
      const [{ up }, { parseAttackers, planOf, readNetworkText }] = await Promise.all([
        import('./up.ts'),
        import('./network-file.ts'),
      ]);
      const fields = file === undefined ? {} : readNetworkText(readText(file), file);
      const given = {
        ...flags,
        ...(interval === undefined ? {} : { intervalMs: interval }),
        ...(delay === undefined ? {} : { delayMs: delay }),
        ...(attackers === undefined ? {} : { attackers: parseAttackers(attackers) }),
      };
      await up({
        plan: planOf({ ...fields, ...given }, new Map(Object.keys(given).map(field => [field, flagOf(field)]))),
        folder: networkFolder(dir),
        place: netns ? 'namespaces' : 'loopback',
        format: json ? 'json' : 'text',
      });
    }),
  );
}

/** The flag that stands for a field of a network file. */
function flagOf(field: string): string {
  const others: Readonly<Record<string, string>> = { intervalMs: '--interval', delayMs: '--delay' };
  return others[field] ?? optionNameOf(field);
}

const upOptions = z.looseObject({
  file: z.string().optional(),
  interval: z.number().optional(),
  delay: z.number().optional(),
  replay: z.boolean().default(false),
  attackers: z.string().optional(),
  dir: z.string().optional(),
  json: z.boolean().default(false),
  netns: z.boolean().default(false),
});

function addPs(program: Command): void {
  const command = program.command('ps').description('Lists the members of the network, and how they stand.');
  command.option('--json', 'as one JSON document');
  withFolder(command).action(
    runAction(command, async ({ dir, json }) => {
      const rows = rowsSchema.parse(await order(dir, { order: 'ps' }));
      process.stdout.write(json === true ? `${JSON.stringify(rows)}\n` : `${tableOf(rows)}\n`);
    }),
  );
}

function addDown(program: Command): void {
  const command = program.command('down').description('Ends the network; its folder stays until the next up.');
  withFolder(command).action(
    runAction(command, async ({ dir }) => {
      const folder = networkFolder(text(dir));
      const state = readState(folder);
      try {
        await giveOrder(state.socket, { order: 'down' });
        process.stdout.write(`the network in ${folder} has ended\n`);
      } catch (error) {
        if (!(error instanceof KvchainError) || error.code !== 'UNREACHABLE') throw error;
        process.stdout.write(
          `the network did not run any more; ${await endLeftovers(state)} of its processes were left, and have been ended\n`,
        );
      }
    }),
  );
}

function addLogs(program: Command): void {
  const command = program
    .command('logs')
    .argument('[member]', 'its number or name; without it all')
    .option('--lines <count>', 'the last so many of each', whole, logLinesDefault)
    .description('Shows what the members logged last.');
  withFolder(command).action(
    runAction(command, async ({ dir, lines }, [member]) => {
      const { members } = readState(networkFolder(text(dir)));
      const first = member === undefined ? 0 : memberIndex(dir, member);
      const chosen = member === undefined ? members : members.slice(first, first + 1);
      if (chosen.length === 0) {
        const action = '`kvchain-testnet ps` lists the members.';
        throw new KvchainError('NOT_FOUND', `no member ${member}: there are 0 to ${members.length - 1}`, { action });
      }
      for (const { name, logFile } of chosen) {
        const logged = readText(logFile).trimEnd().split('\n');
        const last = logged.slice(Math.max(0, logged.length - Number(lines)));
        process.stdout.write(`${[`==> ${name}: ${logFile}`, ...last].join('\n')}\n`);
      }
    }),
  );
}

function addKill(program: Command): void {
  const command = program
    .command('kill')
    .argument('<member>', 'its number or name')
    .addOption(new Option('-9', 'at once, as a loss of power'))
    .description('Ends a member; restart brings it back with what it had stored.');
  withFolder(command).action(
    runAction(command, async (options, [member]) => {
      const how = options['9'] === true ? 'kill' : 'term';
      await order(options.dir, { order: 'kill', index: memberIndex(options.dir, member), how });
      process.stdout.write(`member ${member} has ended\n`);
    }),
  );
}

/** Orders that name one member, and what is said when they are done. */
const memberOrders = [
  ['restart', 'Ends a member if it runs, and starts it with what it had stored.', 'runs again'],
  ['pause', 'Freezes a member, as a machine that hangs.', 'is frozen'],
  ['resume', 'Lets a frozen member go on.', 'goes on'],
] as const;

/** The address of a member that is elsewhere after its restart. */
const movedSchema = z.string().nullable();

function addOrders(program: Command): void {
  for (const [name, meaning, done] of memberOrders) {
    const command = program.command(name).argument('<member>', 'its number or name').description(meaning);
    withFolder(command).action(
      runAction(command, async ({ dir }, [member]) => {
        const movedTo = movedSchema.parse(await order(dir, { order: name, index: memberIndex(dir, member) }));
        const where = movedTo === null ? '' : `, at other ports, for another program has taken its own: ${movedTo}`;
        process.stdout.write(`member ${member} ${done}${where}\n`);
      }),
    );
  }
}

function addLinkOrders(program: Command): void {
  const partition = program
    .command('partition')
    .argument('<groups>', 'such as 0,1/2,3,4')
    .description('Cuts the network into groups that cannot speak to each other.');
  withFolder(partition).action(
    runAction(partition, async ({ dir }, [groups = '']) => {
      await order(dir, { order: 'partition', groups: parseGroups(groups).map(group => [...group]) });
      process.stdout.write(`the network is cut into ${groups}\n`);
    }),
  );
  const heal = program.command('heal').description('Ends partitions, delays and losses.');
  withFolder(heal).action(
    runAction(heal, async ({ dir }) => {
      await order(dir, { order: 'heal' });
      process.stdout.write('all links are good again\n');
    }),
  );
  const delay = program
    .command('delay')
    .argument('<from>', 'number of a daemon', whole)
    .argument('<to>', 'number of a member', whole)
    .argument('<ms>', '0 to 2000', whole)
    .description('Delays what one member sends to another; the way back is a link of its own.');
  withFolder(delay).action(
    runAction(delay, async ({ dir }, [from, to, ms]) => {
      await order(dir, { order: 'delay', from: Number(from), to: Number(to), delayMs: Number(ms) });
      process.stdout.write(`what ${from} sends to ${to} comes ${ms} ms later\n`);
    }),
  );
  const drop = program
    .command('drop')
    .argument('<from>', 'number of a daemon', whole)
    .argument('<to>', 'number of a member', whole)
    .argument('<rate>', '0 to 1', rateOf)
    .description('Loses so much of what one member sends to another.');
  withFolder(drop).action(
    runAction(drop, async ({ dir }, [from, to, rate]) => {
      await order(dir, { order: 'drop', from: Number(from), to: Number(to), lossRate: Number(rate) });
      process.stdout.write(`of what ${from} sends to ${to}, ${rate} is lost\n`);
    }),
  );
}

/** By number, or by name in any case. Error thrown: USAGE for what is neither. */
function memberIndex(dir: unknown, given = ''): number {
  if (/^\d{1,12}$/.test(given)) return Number(given);
  const { members } = readState(networkFolder(text(dir)));
  const index = members.findIndex(({ name }) => name.toLowerCase() === given.toLowerCase());
  if (index >= 0) return index;
  throw new KvchainError(
    'USAGE',
    `no member ${JSON.stringify(given)}: there are ${members.map(({ name }) => name).join(', ')}`,
    {
      action: 'Give its number or its name; `kvchain-testnet ps` lists the members.',
    },
  );
}

function order(dir: unknown, given: Order): Promise<unknown> {
  return giveOrder(readState(networkFolder(text(dir))).socket, given);
}

function withFolder(command: Command): Command {
  return command
    .option('--dir <folder>', 'of the network (default: ~/.kvchain-testnet)')
    .helpOption('--help', 'Tell all this and end.');
}

function text(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}

function whole(given: string): number {
  if (!/^\d{1,12}$/.test(given)) throw new InvalidArgumentError('Expected a whole number of at most 12 digits.');
  return Number(given);
}

function rateOf(given: string): number {
  const rate = Number(given);
  if (given.trim() === '' || !Number.isFinite(rate)) throw new InvalidArgumentError('Expected a number from 0 to 1.');
  return rate;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new KvchainError('NOT_FOUND', `${file} cannot be read`, { cause, action: 'Check the name of the file.' });
  }
}
