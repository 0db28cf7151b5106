/** All commands, in the order of the help. */
import type { Shell } from './command.ts';
import { addGet } from './commands/get.ts';
import { addInit } from './commands/init.ts';
import { addKey } from './commands/key.ts';
import { addPut } from './commands/put.ts';
import { addStart } from './commands/start.ts';
import { addStatus } from './commands/status.ts';
import { addStop } from './commands/stop.ts';

const commands: readonly ((shell: Shell) => void)[] = [addInit, addStart, addStop, addStatus, addPut, addGet, addKey];

export function registerCommands(shell: Shell): void {
  for (const add of commands) add(shell);
}
