/** The files that a user names: read bounded, so that a wrong one does not fill the memory; `-` is the standard input. */
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { CommandError } from './failure.ts';
import type { Streams } from './output.ts';

/** The bytes of `name`, at most `bytesMax`. Errors: USAGE when it cannot be read, TOO_LARGE. */
export async function readInput(streams: Streams, name: string, bytesMax: number): Promise<Uint8Array> {
  const source: AsyncIterable<string | Uint8Array> = name === '-' ? streams.stdin : createReadStream(name);
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of source) {
      const bytes = typeof part === 'string' ? new TextEncoder().encode(part) : part;
      parts.push(bytes);
      length += bytes.length;
      if (length > bytesMax) break;
    }
  } catch (error) {
    throw unreadable(name, error);
  }
  if (length <= bytesMax) return new Uint8Array(Buffer.concat(parts));
  throw new CommandError('TOO_LARGE', `${name} has more than ${bytesMax} bytes`, `Give at most ${bytesMax} bytes.`);
}

/** Why a file that the user named cannot be read. */
export function unreadable(name: string, error: unknown): CommandError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CommandError('USAGE', `cannot read ${name}: ${reason}`, 'Check the name of the file and its permissions.');
}

/** Writes a file that the user named. Error: DISK_FAILED. */
export async function writeOutput(name: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeFile(name, content);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError('DISK_FAILED', `cannot write ${name}: ${reason}`, 'Check the folder and its permissions.');
  }
}
