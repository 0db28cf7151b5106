/** The command line `kvchain`: what a person or a script types, carried out, and the exit code that tells how it went. */
import '../daemon/polyfill.ts';
import { runCommandLine } from './program.ts';

// A reader that has seen enough, such as `head`, ends the command and is no error; a full disk behind `>` is one.
process.stdout.on('error', error => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`error: cannot write to the standard output: ${error.message}\n`, () => process.exit(1));
});

// Where nobody reads the notes they are lost, and the command goes on.
process.stderr.on('error', () => {});

const { stdin, stdout, stderr } = process;
// It never rejects.
void runCommandLine(process.argv.slice(2), { stdin, stdout, stderr }).then(exitCode => {
  process.exitCode = exitCode;
});
