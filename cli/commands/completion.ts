/** `kvchain completion`: the script that makes a shell complete commands and options. */
import { Argument } from 'commander';
import { examples, onCall, type Shell } from '../command.ts';
import { completionScript, shellNames } from '../completion.ts';

export function addCompletion(shell: Shell): void {
  const { program } = shell;
  const command = program
    .command('completion')
    .summary('print a script for your shell')
    .description('Prints the script that makes your shell complete commands and options.')
    .addArgument(new Argument('<shell>', 'yours').choices(shellNames));
  examples(
    command,
    ['source <(kvchain completion bash)', 'in ~/.bashrc; zsh likewise in ~/.zshrc'],
    ['kvchain completion fish | source', 'in ~/.config/fish/config.fish'],
  );
  onCall(shell, command, async ({ args, session }) => {
    const name = shellNames.find(each => each === args[0]) ?? 'bash';
    const script = completionScript(program, name);
    session.output.answer({ shell: name, script }, script.trimEnd());
  });
}
