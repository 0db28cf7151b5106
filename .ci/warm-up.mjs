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
/** Many times what a step takes on a busy machine. */
const stepMsMax = 60_000;

/** What went wrong, or null. No daemon stays behind. */
export function warmUp() {
  const folder = mkdtempSync(join(tmpdir(), 'kvchain-warm-up-'));
  const run = (...words) => {
    const command = [join(root, 'dist', 'cli', 'main.js'), ...words, '--data-dir', folder];
    const env = { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${keepCode}` };
    const { status, stderr } = spawnSync(process.execPath, command, { env, encoding: 'utf8', timeout: stepMsMax });
    return status === 0 ? null : `kvchain ${words[0]}: ${stderr}`;
  };
  try {
    const started = run('start', '--solo', '--detach', ...flags);
    if (started !== null) return started;
    const written = run('put', 'hello', 'world');
    const stopped = run('stop');
    return written ?? stopped;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
