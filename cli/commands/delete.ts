/** `kvchain delete`: takes the value of a key away; a tombstone with its owner, version and history stays. */
import { examples, onCall, type Shell, type SigningOptions, textArgument, withSigning } from '../command.ts';
import { carryOutWrite } from '../write.ts';

export function addDelete(shell: Shell): void {
  const command = shell.program
    .command('delete')
    .summary('take the value of a key away')
    .description('Takes the value of a key away. Its owner, version and history stay: the chain forgets nothing.')
    .argument('<key>', 'UTF-8, 1 to 256 bytes', textArgument);
  withSigning(command);
  examples(command, ['kvchain delete hello', 'and wait for a block']);
  onCall<SigningOptions>(shell, command, async ({ args, options, session }) => {
    await carryOutWrite(session, options, (client, write) => client.delete(args[0] ?? '', write));
  });
}
