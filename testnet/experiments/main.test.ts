import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const program = fileURLToPath(new URL('./main.js', import.meta.url));

describe('the program', () => {
  it.each([
    ['an unknown experiment', ['dice', '--json']],
    ['a seed that is no number', ['double-spend', '--seed', 'x', '--json']],
    ['attackers among members that may only crash', ['byzantine', '--engine', 'paxos', '--json']],
    ['neither a folder nor --json', ['double-spend']],
  ])('refuses %s with its usage', async (_, args) => {
    await expect(run(process.execPath, [program, ...args])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('usage: experiment NAME'),
    });
  });

  it('names what it does not know, and all that it knows', async () => {
    const failed = expect(run(process.execPath, [program, 'nope', '--json'])).rejects;
    await failed.toMatchObject({
      stderr: expect.stringMatching(/unknown experiment "nope"[\s\S]*\n {2}double-spend /),
    });
  });

  it('says what is wrong with its folder', async () => {
    const args = ['double-spend', '--quick', '--out', program];
    const failed = expect(run(process.execPath, [program, ...args])).rejects;
    await failed.toMatchObject({ code: 1, stderr: expect.stringContaining(`cannot use ${program}`) });
  });
});
