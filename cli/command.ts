/** What all commands are made with: their options in common, examples in their help, and how commander calls them. */
import { type Command, InvalidArgumentError, Option, type OptionValues } from 'commander';
import type { WaitUntil } from '../daemon/rpc/client.ts';
import type { AccountOptions } from './account.ts';
import type { Streams } from './output.ts';
import { type CommonOptions, Session } from './session.ts';

/** Where commands are registered, and what they run with. */
export interface Shell {
  readonly program: Command;
  readonly streams: Streams;
  /** Takes the exit code of a command that ended without an error. */
  exit(code: number): void;
}

export interface Call<O> {
  readonly args: readonly string[];
  readonly options: O;
  readonly session: Session;
}

/** Says what a command does when it is called. Its options are what commander read from its flags; `O` names them. */
export function onCall<O extends OptionValues = OptionValues>(
  shell: Shell,
  command: Command,
  run: (call: Call<O>) => Promise<void>,
): Command {
  return command.action(async () => {
    const session = new Session(command.optsWithGlobals<CommonOptions>(), shell.streams);
    try {
      await run({ args: command.args, options: command.opts<O>(), session });
    } catch (error) {
      throw session.explain(error);
    }
    shell.exit(session.exitCode);
  });
}

/** Examples at the end of a command's help: what to type, and what it does. */
export function examples(command: Command, ...lines: readonly (readonly [typed: string, does: string])[]): Command {
  const width = Math.max(...lines.map(([typed]) => typed.length));
  const text = lines.map(([typed, does]) => `  ${typed.padEnd(width)}  ${does}`).join('\n');
  return command.addHelpText('after', `\nExamples:\n${text}`);
}

export interface SigningOptions extends AccountOptions {
  readonly fee?: bigint;
  readonly wait?: WaitUntil;
  readonly timeout?: number;
}

/** The options of every command that signs a transaction. */
export function withSigning(command: Command): Command {
  return command
    .option('--account <name>', 'key that signs (default: the only key, or main)')
    .option('--password-file <file>', 'password of the key (default: the file password in the data folder, else asked)')
    .option('--fee <amount>', 'fee (default: the least that the node takes)', amountArgument)
    .addOption(withValues('--wait <until>', 'when to return', waits).argParser(waitArgument).default('included'))
    .option('--timeout <seconds>', 'longest wait', wholeArgument(1, 86_400), 120);
}

const waits = ['pending', 'included', 'confirmed:<n>', 'final'];
export const readModes = ['local', 'confirmed:<n>', 'final', 'linearizable'];

/** An option whose values the help and the completion of shells name; one with <n> in it is completed up to there. */
export function withValues(flags: string, meaning: string, values: readonly string[]): Option {
  return new Option(flags, meaning).choices(values);
}

/** Reads an amount: a whole number from 0 to 2^64-1. */
export function amountArgument(text: string): bigint {
  if (/^(?:0|[1-9][0-9]{0,19})$/.test(text) && BigInt(text) < 2n ** 64n) return BigInt(text);
  throw new InvalidArgumentError('Expected a whole number from 0 to 18446744073709551615.');
}

/**
 * Takes a text of the chain from the command line. Node.js decodes what was typed and puts U+FFFD where it is not UTF-8, so that the
 * text that was meant is lost: another key would be written, or the same one for many.
 */
export function textArgument(text: string): string {
  if (!text.includes('\u{FFFD}')) return text;
  throw new InvalidArgumentError('It is not valid UTF-8, or holds U+FFFD; the API and the SDK take that character.');
}

/** Reads a whole number from `min` to `max`. */
export function wholeArgument(min: number, max: number): (text: string) => number {
  return text => {
    const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

function waitArgument(text: string): WaitUntil {
  if (text === 'pending') return 'none';
  if (text === 'included' || text === 'final') return text;
  if (/^confirmed:[1-9][0-9]{0,5}$/.test(text)) return `confirmed:${Number(text.slice('confirmed:'.length))}`;
  throw new InvalidArgumentError('Expected pending, included, confirmed:<n> or final.');
}

export function readArgument(text: string): string {
  if (/^(?:local|final|linearizable|confirmed:[1-9][0-9]{0,5})$/.test(text)) return text;
  throw new InvalidArgumentError('Expected local, confirmed:<n>, final or linearizable.');
}

/** Collects an option that may be given several times. */
export function repeated(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}
