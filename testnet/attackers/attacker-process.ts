/** An attacker in a process of its own, beside daemons: it tells its peer id and address when it has begun, and logs what it does. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Child } from '../child.ts';
import type { DaemonHost } from '../daemon-process.ts';
import { type AttackerIdentity, readIdentityLine } from './identity-line.ts';
import type { AttackerKind } from './kinds.ts';

const program = fileURLToPath(new URL('./main.js', import.meta.url));
const identityLengthMax = 4_000;

export interface AttackerOptions {
  readonly kind: AttackerKind;
  readonly hashRate: number;
  /** With the genesis of the network that it attacks. */
  readonly dataDir: string;
  readonly logFile: string;
  /** Multiaddresses of those whom it dials. */
  readonly bootstrap: readonly string[];
  readonly host: Pick<DaemonHost, 'command' | 'address'>;
}

export interface AttackerProcess {
  readonly identity: AttackerIdentity;
  readonly child: Child;
}

/** Resolves when it takes part. Error thrown: UNREACHABLE with its last words. */
export async function startAttacker(options: AttackerOptions): Promise<AttackerProcess> {
  const { kind, hashRate, dataDir, logFile, bootstrap, host } = options;
  const log = openSync(logFile, 'a', 0o600);
  const place = ['--data-dir', dataDir, '--address', host.address, '--hash-rate', String(hashRate)];
  const dials = bootstrap.flatMap(address => ['--bootstrap', address]);
  const [file = '', ...rest] = [...host.command, process.execPath, program, kind, ...place, ...dials];
  const spawned = spawn(file, rest, { stdio: ['ignore', 'pipe', log], detached: true });
  closeSync(log);
  let line = '';
  spawned.stdout?.on('data', (chunk: Buffer) => {
    line = (line + chunk.toString('utf8')).slice(-identityLengthMax);
  });
  const child = new Child(spawned);
  const said = () => readFileSync(logFile, 'utf8');
  return { child, identity: await child.ready(`attacker ${kind}`, said, async () => readIdentityLine(line)) };
}
