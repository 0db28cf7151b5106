/** `kvchain help`: the help of a command, however deep it stands. */
import type { Command } from 'commander';
import { examples, onCall, type Shell } from '../command.ts';
import { CommandError } from '../failure.ts';

export function addHelp(shell: Shell): void {
  const command = shell.program
    .command('help')
    .summary('show the help of a command')
    .description('Shows the help of a command, or without one the list of them all.')
    .argument('[command...]', 'its words');
  examples(
    command,
    ['kvchain help put', 'options and examples'],
    ['kvchain help wallet transfer', 'of a command under another'],
  );
  onCall(shell, command, async ({ args }) => {
    args.reduce(below, shell.program).outputHelp();
  });
}

function below(parent: Command, word: string): Command {
  const found = parent.commands.find(sub => sub.name() === word);
  if (found !== undefined) return found;
  throw new CommandError('USAGE', `unknown command ${JSON.stringify(word)}`, 'Type `kvchain help` for the list.');
}
