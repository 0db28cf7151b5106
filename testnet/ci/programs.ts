/** Runs Node.js and npm for the tests of the repository's own tools, on the real tree or on a copy. */
import { type ExecFileException, type ExecFileOptions, execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The root of the repository, seen from `dist/testnet/ci/`. */
export const repositoryRoot: string = fileURLToPath(new URL('../../../', import.meta.url));

/** The limit of a test that runs programs: a machine that does many things at once may be many times slower. */
export const processTimeoutMs = 240_000;

/** What a program said on each of its streams, and how it ended. */
export type Verdict = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

/** Runs Node.js in `folder`, with `variables` added to the environment; never rejects for a bad exit code. */
export function runNode(
  folder: string,
  parameters: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Verdict> {
  return run(process.execPath, parameters, { cwd: folder, env: variables });
}

/** Runs npm in `folder`: the one that runs the tests, otherwise the one on the PATH. */
export function runNpm(folder: string, parameters: readonly string[]): Promise<Verdict> {
  const npmScript = process.env.npm_execpath;
  if (npmScript?.endsWith('npm-cli.js')) return runNode(folder, [npmScript, ...parameters]);
  return runProgram(folder, 'npm', parameters);
}

/** Runs a program that npm linked, which is a script of the shell on Windows. */
export function runProgram(folder: string, program: string, parameters: readonly string[]): Promise<Verdict> {
  return run(program, parameters, { cwd: folder, shell: process.platform === 'win32' });
}

function run(program: string, parameters: readonly string[], options: ExecFileOptions): Promise<Verdict> {
  const environment = { ...process.env, ...options.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  return new Promise(settle => {
    const all = { ...options, env: environment, maxBuffer: 1 << 26, encoding: 'utf8' } as const;
    execFile(program, parameters, all, (error, stdout, stderr) => {
      settle({
        exitCode: exitCodeOf(error),
        stdout: `${stdout}`,
        stderr: error ? `${stderr}\n${error.message}` : `${stderr}`,
      });
    });
  });
}

/** A program that could not be started, or was killed, counts as failed. */
function exitCodeOf(error: ExecFileException | null): number {
  if (error === null) return 0;
  return typeof error.code === 'number' ? error.code : 1;
}
