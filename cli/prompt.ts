/** Asks for a password on a terminal, without showing it. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandError } from './failure.ts';
import type { Streams } from './output.ts';

/** True when there is somebody to ask. */
export function canAsk({ stdin, stderr }: Streams): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

/** One line from the terminal. Error: USAGE when the input ends first (Ctrl-C, Ctrl-D). */
export function askPassword({ stdin, stderr }: Streams, question: string): Promise<string> {
  stderr.write(question);
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: stdin, output: hidden, terminal: true, historySize: 0 });
  return new Promise((resolve, reject) => {
    reader.once('line', line => {
      resolve(line);
      reader.close();
    });
    reader.once('SIGINT', () => reader.close());
    reader.once('close', () => {
      stderr.write('\n');
      // After a line this changes nothing: the promise is settled.
      reject(
        new CommandError('USAGE', 'no password was given', 'Run the command again, or give --password-file FILE.'),
      );
    });
  });
}
