import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
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

  it('refuses a name that it does not know', async () => {
    await expect(run(process.execPath, [program, 'no-such-program'])).rejects.toMatchObject({ code: 1 });
  });
});
