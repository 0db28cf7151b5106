/**
 * A console over stdio: lines are read from a terminal, with history and completion, from a pipe or from a script, and carried out one after
 * the other. What happens meanwhile is printed above the line that is being typed.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { CommandError, tellOf } from '../failure.ts';
import type { Streams } from '../output.ts';
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

/** Runs until `quit`, the end of the input, or Ctrl-C. Resolves to whether every line of a script was understood and carried out. */
export async function runConsole(actor: ConsoleActor, streams: Streams, script: string | null): Promise<boolean> {
  const ending = new AbortController();
  const input = script === null ? streams.stdin : createReadStream(script);
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
    return { text: await commandOf(actor, name).run(rest), isGood: true };
  } catch (error) {
    const { message, action } = tellOf(error);
    return { text: `${message}\n  ${action}`, isGood: false };
  }
}

function commandOf(actor: ConsoleActor, name: string): Pick<ConsoleCommand, 'run'> {
  if (name.toLowerCase() === 'help') return { run: async () => helpOf(actor) };
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
