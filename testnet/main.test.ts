import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const plan = ['--share', '0.6', '--confirmations', '3'];
const program = fileURLToPath(new URL('./main.js', import.meta.url));

describe('kvchain-testnet', () => {
  it('passes arguments on to the program that it names', async () => {
    const { stdout } = await run(process.execPath, [program, 'simulate', '--seed', '3', '--json'], {
      timeout: 120_000,
    });
    expect(JSON.parse(stdout)).toMatchObject({ seeds: 1, pass: 1 });
  }, 120_000);

  it("passes a program's exit code on", async () => {
    await expect(run(process.execPath, [program, 'simulate', '--seed', 'x'])).rejects.toMatchObject({ code: 2 });
  });

  it.each([
    ['a name that it does not know', ['no-such-program'], /unknown command 'no-such-program'/],
    ['an unknown flag', ['up', '--zzzzzz'], /unknown option '--zzzzzz'/],
    ['a number that is none', ['up', '--nodes', 'abc'], /'abc' is invalid/],
    ['too few arguments', ['delay', '0', '1'], /missing required argument 'ms'/],
    ['a wrong interval', ['up', '--interval', '1'], /^error: --interval: /],
    ['attackers of no kind', ['up', '--attackers', 'nobody:1'], /^error: --attackers: /],
    ['attackers without a number', ['up', '--attackers', 'silent:x'], /^error: --attackers "silent:x": /],
    ['a share that is none', ['attack', '51', '--share', '2', '--confirmations', '1'], /^error: --share: /],
    ['a limit below its least', ['attack', '51', ...plan, '--give-up', '0'], /^error: --give-up: /],
    ['a seed that is none', ['simulate', '--seed', 'x'], /a seed is an integer/],
    ['a rate that is no number', ['drop', '0', '1', 'nan'], /Expected a number from 0 to 1/],
  ])('refuses %s as a wrong use', async (_, args, says) => {
    const failed = expect(run(process.execPath, [program, ...args])).rejects;
    await failed.toMatchObject({ code: 2, stderr: expect.stringMatching(/^error: .+\nwhat to do: .+\n$/) });
    await failed.toMatchObject({ stderr: expect.stringMatching(says) });
  });

  it('says what is wrong with a path, and what to do', async () => {
    const failed = expect(run(process.execPath, [program, 'up', '--dir', program])).rejects;
    await failed.toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: .+main\.js.*\nwhat to do: A file/) });
  });

  it.each(['simulate', 'experiment', 'report'])('explains %s on demand', async name => {
    const { stdout } = await run(process.execPath, [program, name, '--help']);
    expect(stdout).toMatch(/^usage: /i);
    expect(stdout).toContain('--help');
  });

  it('makes nothing smaller of a seed that passes, and ends as one that passes', async () => {
    const args = ['simulate', '--seed', '3', '--nodes', '3', '--signatures', 'fast', '--shrink'];
    const { stdout, stderr } = await run(process.execPath, [program, ...args]);
    expect([stdout, stderr]).toEqual(['', 'seed 3 does not fail: nothing is to be left out\n']);
  });

  it('refuses a diagram that cannot be written before the run', async () => {
    const args = ['simulate', '--seed', '1', '--diagram', '/nonexistent/x.svg'];
    const failed = expect(run(process.execPath, [program, ...args])).rejects;
    await failed.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('cannot use /nonexistent/x.svg'),
    });
  });
});
