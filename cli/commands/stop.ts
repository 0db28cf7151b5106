/** `kvchain stop`: ends the daemon cleanly and waits until it is gone. */
import { setTimeout as wait } from 'node:timers/promises';
import { KvchainError } from '../../chain/errors.ts';
import { examples, onCall, type Shell, wholeArgument } from '../command.ts';
import { readRpcFile } from '../data-folder.ts';

interface StopOptions {
  readonly timeout: number;
}

/** Between two looks at whether the daemon's process is there. */
const lookMs = 50;

export function addStop(shell: Shell): void {
  const command = shell.program
    .command('stop')
    .summary('stop the daemon')
    .description('Stops the daemon cleanly and waits until it is gone.')
    .option('--timeout <seconds>', 'longest wait', wholeArgument(1, 3_600), 30);
  examples(
    command,
    ['kvchain stop', 'the daemon of ~/.kvchain'],
    ['kvchain stop --data-dir DIR', 'that of another folder'],
  );
  onCall<StopOptions>(shell, command, async ({ options, session }) => {
    const client = await session.client({ needsToken: true });
    const running = readRpcFile(session.folder);
    await client.call('node_stop', {});
    const isOurs = running !== null && running.url === client.url;
    if (isOurs && !(await isGone(running.pid, options.timeout * 1_000))) {
      throw new KvchainError('TIMED_OUT', `the daemon (process ${running.pid}) still runs after ${options.timeout} s`);
    }
    session.output.answer({ stopped: true, url: client.url }, `stopped the daemon at ${client.url}`);
  });
}

async function isGone(pid: number, timeoutMs: number): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  while (isAlive(pid)) {
    if (performance.now() > endMs) return false;
    await wait(lookMs);
  }
  return true;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, but another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
