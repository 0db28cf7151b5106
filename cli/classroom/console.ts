/**
 * A console over stdio: lines are read from a terminal, with history and completion, from a pipe or from a script, and carried out one after
 * the other. What happens meanwhile is printed above the line that is being typed.
 */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { CommandError, tellOf } from '../failure.ts';
import type { Streams } from '../output.ts';
import { readInput } from '../user-files.ts';
import { readLine, type TypedLine } from './typed-line.ts';

export interface ConsoleCommand {
  /** As it is written in help; any case is understood. */
  readonly name: string;
  readonly usage: string;
  readonly does: string;
  /** What is printed; nothing when empty. */
  run(rest: string): Promise<string>;
}

/** One side of the console: whose it is, and what it understands. */
export interface ConsoleActor {
  readonly name: string;
  readonly commands: readonly ConsoleCommand[];
  /** Begins to tell what happens, until the signal. */
  start(tell: (text: string) => void, signal: AbortSignal): void;
  /** Resolves when nothing is left to tell of what was done: a script ends after it. */
  rest(): Promise<void>;
}

/** Of a script. */
const scriptBytesMax = 1_048_576;

/**
 * Runs until `quit`, the end of the input, or Ctrl-C. Resolves to whether every line of a script was understood and carried out. Errors
 * thrown: USAGE for a script that cannot be read, TOO_LARGE.
 */
export async function runConsole(actor: ConsoleActor, streams: Streams, script: string | null): Promise<boolean> {
  const ending = new AbortController();
  const input = script === null ? streams.stdin : Readable.from([await readInput(streams, script, scriptBytesMax)]);
  const isTerminal = script === null && streams.stdin.isTTY === true && streams.stdout.isTTY === true;
  const names = [...actor.commands.map(({ name }) => name), 'help', 'quit'];
  const lines = createInterface({
    input,
    ...(isTerminal ? { output: streams.stdout, terminal: true, prompt: `${actor.name}> ` } : {}),
    completer: (typed: string) => [names.filter(name => name.toLowerCase().startsWith(typed.toLowerCase())), typed],
  });
  const print = (text: string) => {
    if (!isTerminal) {
      streams.stdout.write(`${text}\n`);
      return;
    }
    streams.stdout.write(`\r\u001b[K${text}\n`);
    lines.prompt(true);
  };
  actor.start(print, ending.signal);
  if (isTerminal) print(`${actor.name}: type help for the commands`);
  let isGood = true;
  try {
    for await (const line of lines) {
      const typed = readLine(line);
      if (typed?.name.toLowerCase() === 'quit') break;
      if (typed !== null) {
        if (!isTerminal) print(`${actor.name}> ${line.trim()}`);
        const done = await carryOut(actor, typed);
        isGood &&= done.isGood;
        if (done.text !== '') print(done.text);
      }
      if (isTerminal) lines.prompt();
    }
    if (!isTerminal) await actor.rest();
  } finally {
    ending.abort();
    lines.close();
  }
  return isGood;
}

async function carryOut(actor: ConsoleActor, { name, rest }: TypedLine) {
  try {
    const command = commandOf(actor, name);
    refuseArguments(actor, command, rest);
    return { text: await command.run(rest), isGood: true };
  } catch (error) {
    const { message, action } = tellOf(error);
    return { text: `${message}\n  ${action}`, isGood: false };
  }
}

/** What takes nothing is about the process of this console, whatever is said behind it. */
function refuseArguments({ name: self }: ConsoleActor, { name, usage }: ConsoleCommand, rest: string): void {
  if (rest === '' || usage !== name || rest.toLowerCase() === self.toLowerCase()) return;
  const action = `It is about ${self}. For another process type it at the console of that one.`;
  throw new CommandError('USAGE', `${name} takes nothing, and ${JSON.stringify(rest)} was given`, action);
}

function commandOf(actor: ConsoleActor, name: string): ConsoleCommand {
  if (name.toLowerCase() === 'help')
    return { name: 'help', usage: 'help', does: 'this', run: async () => helpOf(actor) };
  const found = actor.commands.find(command => command.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw new CommandError('USAGE', `no command ${JSON.stringify(name)}`, 'Type help for the commands.');
}

function helpOf({ commands }: ConsoleActor): string {
  const rows = [
    ...commands,
    { usage: 'help', does: 'this' },
    { usage: 'quit', does: 'ends the console, and nothing else' },
  ];
  const width = Math.max(...rows.map(({ usage }) => usage.length));
  return rows.map(({ usage, does }) => `  ${usage.padEnd(width)}  ${does}`).join('\n');
}

export function wrongUse(expected: string): CommandError {
  return new CommandError('USAGE', `expected ${expected}`, 'Type help for the commands.');
}
