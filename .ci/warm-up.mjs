/**
 * Runs the bundled programs once, as somebody who writes a value on a network of one node, so that the code which V8 makes of them lies
 * beside them. Without it they start too, more slowly.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const keepCode = pathToFileURL(join(root, '.ci', 'keep-code.mjs'));
const flags = ['--rpc-port', '0', '--p2p-port', '0', '--mine-rate', '1000000'];

/** Resolves to what went wrong, or null. */
export function warmUp() {
  const folder = mkdtempSync(join(tmpdir(), 'kvchain-warm-up-'));
  const run = (...words) => {
    const command = [join(root, 'dist', 'cli', 'main.js'), ...words, '--data-dir', folder];
    const env = { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${keepCode}` };
    const { status, stdout } = spawnSync(process.execPath, command, { env, encoding: 'utf8' });
    return status === 0 ? null : `${words[0]}: ${stdout}`;
  };
  try {
    return run('start', '--solo', '--detach', ...flags) ?? run('put', 'hello', 'world') ?? run('stop');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
