import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Streams } from './output.ts';
import { askPassword, canAsk } from './prompt.ts';

function terminal(): { readonly streams: Streams; readonly stdin: PassThrough; shown(): string } {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const asTerminal = <S extends PassThrough>(stream: S) => Object.assign(stream, { isTTY: true });
  const streams = { stdin: asTerminal(stdin), stdout, stderr: asTerminal(stderr) };
  return { streams, stdin, shown: () => `${stdout.read() ?? ''}${stderr.read() ?? ''}` };
}

describe('the prompt', () => {
  it('asks only where somebody is', () => {
    const { streams } = terminal();
    expect(canAsk(streams)).toBe(true);
    expect(canAsk({ ...streams, stdin: new PassThrough() })).toBe(false);
    expect(canAsk({ ...streams, stderr: new PassThrough() })).toBe(false);
  });

  it('takes a line and shows nothing of it', async () => {
    const { streams, stdin, shown } = terminal();
    const asked = askPassword(streams, 'Password: ');
    stdin.write('geheim\r');
    expect(await asked).toBe('geheim');
    expect(shown()).toBe('Password: \n');
  });

  it('says what to do when the input ends first', async () => {
    const { streams, stdin } = terminal();
    const asked = askPassword(streams, 'Password: ');
    stdin.end();
    await expect(asked).rejects.toMatchObject({ code: 'USAGE', action: expect.stringContaining('--password-file') });
  });
});
