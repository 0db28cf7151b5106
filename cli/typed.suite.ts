/** Types a command line as a test does: in this process, with its streams taken. */
import { PassThrough, Readable } from 'node:stream';
import { runCommandLine } from './program.ts';

export interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The one document of a command with --json. */
  json(): Record<string, unknown>;
}

/** Carries out `kvchain ...words` with `input` on stdin. */
export async function typed(words: readonly string[], input = ''): Promise<Outcome> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [outText, errText] = [collected(stdout), collected(stderr)];
  const exit = await runCommandLine(words, { stdin: Readable.from([Buffer.from(input)]), stdout, stderr });
  stdout.end();
  stderr.end();
  const text = await outText;
  return { exit, stdout: text, stderr: await errText, json: () => JSON.parse(text) };
}

async function collected(stream: PassThrough): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}
