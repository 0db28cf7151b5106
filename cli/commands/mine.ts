/** `kvchain mine`: the miner of the daemon. */
import type { ResultOf } from '../../daemon/rpc/client.ts';
import { examples, onCall, type Shell, wholeArgument } from '../command.ts';
import { fields } from '../output.ts';
import type { Session } from '../session.ts';

interface MineOptions {
  readonly threads?: number;
  readonly rate?: number;
}

export function addMine(shell: Shell): void {
  const mine = shell.program
    .command('mine')
    .summary('start, stop and watch the miner')
    .description('Starts and stops the miner of the daemon, and shows how it does.');
  addStatus({ ...shell, program: mine });
  addStart({ ...shell, program: mine });
  addStop({ ...shell, program: mine });
}

function addStatus(shell: Shell): void {
  const command = shell.program
    .command('status', { isDefault: true })
    .description('Shows whether and how fast it mines.');
  examples(command, ['kvchain mine status', 'threads, hash rate, difficulty, blocks found']);
  onCall(shell, command, async ({ session }) => {
    const client = await session.client();
    show(session, await client.call('miner_status', {}));
  });
}

function addStart(shell: Shell): void {
  const command = shell.program
    .command('start')
    .description('Starts mining, or changes its threads and its throttle.')
    .option('--threads <n>', 'threads that mine', wholeArgument(1, 256))
    .option('--rate <n>', 'hashes per second, all threads together; 0: no throttle', wholeArgument(0, 1e12));
  examples(
    command,
    ['kvchain mine start --threads 2', ''],
    ['kvchain mine start --rate 100000', 'no faster than that'],
  );
  onCall<MineOptions>(shell, command, async ({ options, session }) => {
    const client = await session.client({ needsToken: true });
    const { threads, rate } = options;
    const throttle = rate === undefined ? {} : { rate: rate === 0 ? null : rate };
    show(session, await client.call('miner_start', { threads, ...throttle }));
  });
}

function addStop(shell: Shell): void {
  const command = shell.program.command('stop').description('Stops mining; the daemon goes on.');
  examples(command, ['kvchain mine stop', '']);
  onCall(shell, command, async ({ session }) => {
    const client = await session.client({ needsToken: true });
    show(session, await client.call('miner_stop', {}));
  });
}

function show(session: Session, miner: ResultOf<'miner_status'>): void {
  session.output.answer(
    miner,
    fields([
      ['mining', miner.running ? 'yes' : 'no'],
      ['threads', miner.threads],
      ['hashes per second', Math.round(miner.hashRate)],
      ['throttle', miner.rateMax === null ? 'none' : miner.rateMax],
      ['expected trials a block', miner.expectedTrials],
      ['difficulty bits', miner.difficultyBits.toFixed(2)],
      ['blocks found', miner.blocksFound],
    ]),
  );
}
