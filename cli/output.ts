/**
 * What a command prints. For people: text, tables, colours where a terminal is. For programs (--json): one JSON document on stdout, an
 * error too; a stream (scan, history, watch) is one document a line. What came from the chain is shown without control characters on a
 * terminal, since anybody may have written it.
 */
import pc from 'picocolors';
import type { Told } from './failure.ts';

/** Where a command reads and writes; the process's own streams, or a test's. */
export interface Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

export class Output {
  readonly isJson: boolean;
  readonly #streams: Streams;
  readonly #colors: ReturnType<typeof pc.createColors>;

  constructor(streams: Streams, format: 'text' | 'json') {
    this.isJson = format === 'json';
    this.#streams = streams;
    this.#colors = pc.createColors(streams.stderr.isTTY === true && pc.isColorSupported);
  }

  get isTerminal(): boolean {
    return this.#streams.stdout.isTTY === true;
  }

  /** True when a person looks at what a long work says on stderr. */
  get isWatched(): boolean {
    return !this.isJson && this.#streams.stderr.isTTY === true;
  }

  get stderr(): NodeJS.WritableStream {
    return this.#streams.stderr;
  }

  /** The answer of a command: a document for programs, a text for people. */
  answer(document: unknown, text: string): void {
    this.#streams.stdout.write(this.isJson ? `${JSON.stringify(document)}\n` : `${text}\n`);
  }

  /** One of many answers, a line each. Resolves when there is room for the next, so that a slow reader is waited for. */
  async line(document: unknown, text: string): Promise<void> {
    const { stdout } = this.#streams;
    if (stdout.write(`${this.isJson ? JSON.stringify(document) : text}\n`)) return;
    await new Promise<void>(resolve => {
      stdout.once('drain', resolve);
    });
  }

  /** Bytes of a value, exactly. Resolves when they are handed over. */
  bytes(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#streams.stdout.write(bytes, error => (error ? reject(error) : resolve()));
    });
  }

  /** What is worth knowing beside the answer; for people only. */
  note(text: string): void {
    if (!this.isJson) this.#streams.stderr.write(`${text}\n`);
  }

  failure({ code, message, action, facts }: Told): void {
    if (this.isJson) {
      this.#streams.stdout.write(`${JSON.stringify({ code, message, action, ...facts })}\n`);
      return;
    }
    const advice = message.includes(action) ? '' : `${this.#colors.dim('what to do:')} ${action}\n`;
    this.#streams.stderr.write(`${this.#colors.red('error:')} ${visible(message)}\n${advice}`);
  }
}

/** Control characters but tab and line end, and those that turn the direction of writing, written out: a value must not move the cursor or rename the window of who reads it. */
export function visible(text: string): string {
  return text.replace(
    /(?![\t\n])[\p{Control}\p{Bidi_Control}]/gu,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A text from the chain on one line, whatever it holds. */
export function oneLine(text: string): string {
  return visible(text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t'));
}

/** Rows of names and values, aligned, for one thing. */
export function fields(rows: readonly (readonly [name: string, value: string | number | boolean | null])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows
    .map(([name, value]) => `${name.padEnd(width)}  ${value === null ? '-' : visible(String(value))}`)
    .join('\n');
}

/** A table with a head, for many things of a kind; loaded when it is needed. */
export async function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): Promise<string> {
  if (rows.length === 0) return '(none)';
  const { default: Table } = await import('cli-table3');
  const blank = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' };
  const chars = { ...blank, 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '' };
  const drawn = new Table({
    head: [...head],
    chars: { ...chars, right: '', 'right-mid': '', middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) drawn.push(row.map(cell => visible(String(cell)).replaceAll('\n', '\\n')));
  return drawn.toString().replace(/ +$/gm, '');
}
