import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { Output } from '../output.ts';
import { startBar } from './progress-bar.ts';

/** What is written on stderr of an import that is told of its progress every 4 s. */
async function said(format: 'text' | 'json'): Promise<string> {
  const stderr = new PassThrough();
  const output = new Output({ stdin: Readable.from([]), stdout: new PassThrough(), stderr }, format);
  let nowMs = 0;
  const bar = await startBar(output, { bytes: 1_000, startedAt: 0 }, () => nowMs);
  for (let step = 1; step <= 6; step++) {
    nowMs = step * 4_000;
    bar.update(step * 100, step * 8);
  }
  bar.stop();
  stderr.end();
  return text(stderr);
}

describe('the progress of an import in a log', () => {
  it('is a plain line now and then', async () => {
    expect(await said('text')).toBe('30 %  24 rows  2 rows/s  28 s left\n60 %  48 rows  2 rows/s  16 s left\n');
  });
  it('is not written for programs', async () => {
    expect(await said('json')).toBe('');
  });
});
