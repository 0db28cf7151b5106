/** How the commands of this process fail: in one line, what to do in a second one, and with the exit code of the error table. */
import type { Command } from 'commander';
import { z } from 'zod';
import { errorRow, KvchainError } from '../../chain/errors.ts';

export type Options = Readonly<Record<string, unknown>>;
export type Action = (options: Options, args: readonly string[]) => Promise<void>;

/** An action for commander, which gets the options and the arguments that were given. */
export function runAction(command: Command, action: Action): () => Promise<void> {
  return async () => {
    try {
      const args = command.processedArgs.filter(argument => argument !== undefined).map(String);
      await action(command.opts(), args);
    } catch (error) {
      const told = error instanceof z.ZodError ? usageOf(error) : error;
      if (!(told instanceof KvchainError)) throw told;
      process.stderr.write(`kvchain-testnet: ${told.code}: ${told.message}\n  ${told.action}\n`);
      process.exitCode = errorRow(told.code).exit;
    }
  };
}

function usageOf({ issues: [issue] }: z.ZodError): KvchainError {
  return new KvchainError('USAGE', `${issue?.path.join('.')}: ${issue?.message}`);
}
