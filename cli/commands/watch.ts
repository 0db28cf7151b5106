/** `kvchain watch`: what every new block changes, each exactly once, until Ctrl-C. */
import { InvalidArgumentError } from 'commander';
import type { WatchUpdate } from '../../daemon/rpc/client.ts';
import { type Call, examples, onCall, type Shell, textArgument, wholeArgument } from '../command.ts';
import { oneLine } from '../output.ts';

interface WatchOptions {
  readonly from?: { readonly height: number; readonly hash: string };
  readonly blocks?: number;
}

export function addWatch(shell: Shell): void {
  const command = shell.program
    .command('watch')
    .summary('show what new blocks change')
    .description(
      'Shows what every new block changes, what a reorganisation takes back, and what contradicts a final block, until Ctrl-C; with --json one document a line, whose height and hash (for an undone block height - 1 and parent) is where to go on with --from.',
    )
    .argument('[prefix]', 'only keys that start with it', textArgument, '')
    .option('--from <height:hash>', 'go on after this block', positionArgument)
    .option('--blocks <n>', 'end after so many blocks', wholeArgument(1, Number.MAX_SAFE_INTEGER));
  examples(
    command,
    ['kvchain watch', 'every change from now on'],
    ['kvchain watch lib --json', 'for a program, keys that start with lib'],
  );
  onCall<WatchOptions>(shell, command, watch);
}

async function watch({ args, options, session }: Call<WatchOptions>): Promise<void> {
  const client = await session.client();
  const over = new AbortController();
  const end = (): void => over.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    // Later it waits for a daemon that is away; one that was never there is told at once.
    await client.call('chain_head', {});
    let left = options.blocks ?? Number.POSITIVE_INFINITY;
    for await (const update of client.watch(args[0] ?? '', { from: options.from, signal: over.signal })) {
      await session.output.line(update, sentence(update));
      if (update.type !== 'finality_conflict') left -= 1;
      if (left <= 0) break;
    }
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}

function sentence(update: WatchUpdate): string {
  const block = `block ${update.height} ${update.hash.slice(0, 16)}`;
  if (update.type === 'finality_conflict') {
    return `conflict: ${block} is final, and ${update.other.slice(0, 16)} is on another branch (${update.kind})`;
  }
  if (update.type === 'undone') {
    return [`${block} undone`, ...update.keys.map(key => `  ${oneLine(key)}: read it again`)].join('\n');
  }
  const changes = update.changes.map(({ key, value, version }) => {
    return `  ${oneLine(key)} = ${value === null ? '(deleted)' : oneLine(value)}  (version ${version})`;
  });
  return [block, ...changes].join('\n');
}

function positionArgument(text: string): { readonly height: number; readonly hash: string } {
  const [, height, hash] = /^([0-9]{1,15}):([0-9a-fA-F]{64})$/.exec(text) ?? [];
  if (height !== undefined && hash !== undefined) return { height: Number(height), hash };
  throw new InvalidArgumentError('Expected HEIGHT:HASH of the last block that was seen.');
}
