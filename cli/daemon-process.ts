/**
 * Starts `kvchaind` as a process of its own and waits until it answers. It gets its own process group, so that Ctrl-C reaches it once,
 * through us: twice would mean "at once" to it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type DataFolder, readRpcFile } from './data-folder.ts';
import { fetchFor } from './network-certificates.ts';

/** The program of the daemon. */
export const daemonPath: string = fileURLToPath(new URL('../daemon/main.js', import.meta.url));
/** Between two looks at whether the daemon answers. */
const lookMs = 100;
/** A chain of millions of keys is rebuilt before the daemon answers. */
const readyTimeoutMs = 300_000;
/** A signal that comes again within this time is the same one, which the terminal and npm both passed on. */
const sameSignalMs = 500;

/** How a process ended. */
export interface Ending {
  /** As a shell tells it: 128 and the signal's number when a signal ended it. */
  readonly code: number;
  /** The signal that ended it, null when it ended by itself. */
  readonly signal: NodeJS.Signals | null;
}

export interface RunningDaemon {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
}

/** Starts the daemon with these flags; what it says goes to our own streams, or into `logFile`. */
export function spawnDaemon(flags: readonly string[], logFile: string | null): RunningDaemon {
  const log = logFile === null ? null : openSync(logFile, 'a', 0o600);
  const output = log ?? 'inherit';
  const child = spawn(process.execPath, [daemonPath, ...flags], { detached: true, stdio: ['ignore', output, output] });
  if (log !== null) closeSync(log);
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      resolve({ code: code ?? 128 + (signal === null ? 0 : (signalNumbers[signal] ?? 0)), signal }),
    );
  });
  return { child, ended };
}

/** The URL at which the daemon answers once it is ready, or null when it ended first. Not ready in time: null too, with it running. */
export async function untilReady({ child, ended }: RunningDaemon, folder: DataFolder): Promise<string | null> {
  const over = { isOver: false };
  const end = (): void => {
    over.isOver = true;
  };
  // Whoever waits for the ending is told of a daemon that could not be started.
  ended.then(end, end);
  const endMs = performance.now() + readyTimeoutMs;
  while (!over.isOver && performance.now() < endMs) {
    const running = readRpcFile(folder);
    if (running !== null && running.pid === child.pid && (await isReady(running.url, fetchFor(running.url, folder))))
      return running.url;
    await wait(lookMs);
  }
  return null;
}

async function isReady(url: string, send: typeof fetch): Promise<boolean> {
  try {
    const response = await send(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    // It does not listen yet: the next look will tell.
    return false;
  }
}

/** Passes signals that would end us on to the daemon, which ends cleanly, and we with it. Returns the function that stops it. */
export function passSignals(child: ChildProcess): () => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  const pass = (signal: NodeJS.Signals): void => {
    if (performance.now() - lastMs < sameSignalMs) return;
    lastMs = performance.now();
    child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
  };
  for (const signal of passed) process.on(signal, pass);
  return () => {
    for (const signal of passed) process.off(signal, pass);
  };
}

const passed = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};
