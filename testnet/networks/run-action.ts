/** An action for commander, which gets the options and the arguments that were given. */
import type { Command } from 'commander';

export type Options = Readonly<Record<string, unknown>>;
export type Action = (options: Options, args: readonly string[]) => Promise<void>;

export function runAction(command: Command, action: Action): () => Promise<void> {
  return async () => {
    const args = command.processedArgs.filter(argument => argument !== undefined).map(String);
    await action(command.opts(), args);
  };
}
