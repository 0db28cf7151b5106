import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import type { Streams } from '../output.ts';
import { type ConsoleActor, runConsole } from './console.ts';

/** Carries out these lines at the console of P2; gives what was killed, what was printed, and whether all was good. */
async function play(lines: string, script: string | null = null) {
  const killed: string[] = [];
  const run = async () => {
    killed.push('P2');
    return 'P2 is killed';
  };
  const actor: ConsoleActor = {
    name: 'P2',
    commands: [{ name: 'failProcess', usage: 'failProcess', does: 'kills P2', run }],
    start: () => {},
    rest: async () => {},
  };
  const stdout = new PassThrough();
  let printed = '';
  stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  });
  const streams: Streams = { stdin: Readable.from([lines]), stdout, stderr: stdout };
  const isGood = await runConsole(actor, streams, script);
  return { killed, printed, isGood };
}

it.each(['failProcess(P3)', 'failProcess P3'])('%s at P2 kills nobody, and says where to type it', async line => {
  const { killed, printed, isGood } = await play(`${line}\n`);
  expect({ killed, isGood }).toEqual({ killed: [], isGood: false });
  expect(printed).toContain('failProcess takes nothing, and "P3" was given');
  expect(printed).toContain('at the console of that one');
});

it.each(['failProcess', 'failprocess()', 'failProcess(P2)'])('%s at P2 is about P2', async line => {
  expect(await play(`${line}\n`)).toMatchObject({ killed: ['P2'], isGood: true });
});

it('reads a script, and says so when it cannot', async () => {
  const script = join(await mkdtemp(join(tmpdir(), 'kvchain-')), 'script');
  await writeFile(script, 'failProcess\n\n# a comment\nquit\nfailProcess\n');
  expect(await play('', script)).toMatchObject({ killed: ['P2'], isGood: true });
  await expect(play('', `${script}.none`)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('cannot read'),
  });
});
