/** How the programs of the test network fail: in one line, what to do in a second one as `kvchain` does, and the exit code of the error table. */
import { CommanderError } from 'commander';
import { errorRow, KvchainError } from '../chain/errors.ts';
import { diskFailed } from '../daemon/disk-failure.ts';
import { z } from '../daemon/zod.ts';

/** Tells on standard error what went wrong; gives the exit code. Throws what is no fault of the user or the machine. */
export function tellFailure(error: unknown): number {
  // Help and version come as an exception too; they have been printed. Help that nobody asked for is a wrong use.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  if (error instanceof CommanderError && error.code === 'commander.help') return errorRow('USAGE').exit;
  const failure = failureOf(error);
  if (failure === null) throw error;
  process.stderr.write(`error: ${failure.message}\nwhat to do: ${failure.action}\n`);
  return errorRow(failure.code).exit;
}

/** A wrong use, or what the system said of a path, as it is told; null for any other error, which is a fault of ours. */
export function failureOf(error: unknown): KvchainError | null {
  if (error instanceof KvchainError) return error;
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return new KvchainError('USAGE', `${issue?.path.join('.')}: ${issue?.message}`);
  }
  if (error instanceof CommanderError) return new KvchainError('USAGE', error.message.replace(/^error: /, ''));
  if (!(error instanceof Error) || !('code' in error)) return null;
  if (String(error.code).startsWith('ERR_PARSE_ARGS_')) return new KvchainError('USAGE', error.message);
  return 'path' in error ? diskFailed(error, `cannot use ${error.path}`) : null;
}
