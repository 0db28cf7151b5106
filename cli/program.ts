/** The program: every command registered, the line parsed and carried out, errors told. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { errorRow } from '../chain/errors.ts';
import type { Shell } from './command.ts';
import { registerCommands } from './commands.ts';
import { tellOf } from './failure.ts';
import { Output, type Streams } from './output.ts';

/** Carries out what was typed after `kvchain` and resolves to the exit code. Never rejects. */
export async function runCommandLine(typed: readonly string[], streams: Streams): Promise<number> {
  let exitCode = 0;
  const program = makeProgram({
    streams,
    exit: code => {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync(typed, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Help and version come as an exception too; they have been printed. Help that nobody asked for is a wrong use.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof CommanderError && error.code === 'commander.help') return errorRow('USAGE').exit;
    const told = tellOf(error);
    new Output(streams, typed.includes('--json') ? 'json' : 'text').failure(told);
    return told.exit;
  }
}

/** The program with all its commands. */
export function makeProgram(shell: Omit<Shell, 'program'>): Command {
  const program = new Command('kvchain');
  const { streams } = shell;
  program
    .description('A decentralised, immutable, fault-tolerant key-value store on a blockchain.')
    .version(packageVersion(), '--version', 'print the version')
    .option('--json', 'print JSON for programs, errors too')
    .option('--rpc <url>', 'where the daemon answers (default: the daemon of the data folder)')
    .option('--data-dir <folder>', 'data folder (default: ~/.kvchain)')
    .option('--token-file <file>', 'token for a daemon elsewhere, in a file of mode 0600')
    .configureHelp({ showGlobalOptions: true })
    // Inherited by the commands, which are made after this; errors are told in one place, runCommandLine.
    .configureOutput({
      writeOut: text => streams.stdout.write(text),
      writeErr: text => streams.stdout.write(text),
      outputError: () => {},
    })
    .exitOverride()
    .helpCommand(false) // commands/help.ts goes deeper.
    .addHelpText('after', firstSteps);
  registerCommands({ ...shell, program });
  return program;
}

const firstSteps = `
First steps:
  kvchain start --solo            a network of one node in ~/.kvchain
  kvchain put hello world         write, and wait until it is in a block
  kvchain get hello --verify      read, and check the proof
  kvchain help put                options and examples of a command

Exit codes: 0 ok, 1 failed, 2 usage, 3 no daemon answers, 4 timed out, 5 not verified.`;

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version }: { readonly version: string } = JSON.parse(text);
  return version;
}
