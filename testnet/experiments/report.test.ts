import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const program = fileURLToPath(new URL('./report.js', import.meta.url));

describe('the program of the report', () => {
  const empty = mkdtempSync(join(tmpdir(), 'kvchain-report-'));
  const absent = join(empty, 'absent');
  it.each([
    ['a folder without experiments', ['--from', empty], 1, `nothing to report: ${empty}`],
    ['a folder that is not there', ['--from', absent], 1, `cannot use ${absent}`],
    ['a page that cannot be written', ['--out', join(absent, 'page.html')], 1, `cannot use ${absent}`],
    ['an unknown flag', ['--nope'], 2, '--nope'],
  ])('says what is wrong with %s, and what to do', async (_, args, code, says) => {
    const stderr = expect.stringMatching(/^error: .+\nwhat to do: .+\n$/);
    const failed = expect(run(process.execPath, [program, ...args])).rejects;
    await failed.toMatchObject({ code, stderr });
    await failed.toMatchObject({ stderr: expect.stringContaining(says) });
  });

  it('explains its flags', async () => {
    const { stdout } = await run(process.execPath, [program, '--help']);
    expect(stdout).toMatch(/--from DIR .*\n.*--out FILE /);
  });
});
