/** What the tests of real daemons share: genesis files that mine fast on a busy machine, and daemons that are expected not to start. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Genesis } from '../chain/genesis.ts';
import { addressOf, publicKeyOf } from '../chain/keys.ts';
import { defaultParams } from '../chain/params.ts';
import { bitsForLeadingZeros } from '../chain/target.ts';

/** A daemon that refuses to start does so in a second; on a machine with much other work it has been seen to take 30. */
const endMsMax = 90_000;
const program = fileURLToPath(new URL('../daemon/main.js', import.meta.url));

/** A mining daemon's share of the machine, hashes per second: the tests' genesis gives a block about every half second. */
export const mining: readonly string[] = ['--mine', '--mine-threads', '1', '--mine-rate', '16000'];

export interface GenesisPlan {
  readonly name: string;
  readonly zeroBits: number;
  readonly rich?: Uint8Array;
}

/** A proof-of-work network with fixed bits; `rich` is a secret key that has money. */
export function genesisOf({ name, zeroBits, rich }: GenesisPlan): Genesis {
  const bits = bitsForLeadingZeros(zeroBits);
  const params = { ...defaultParams('pow', { targetMs: 500, testNetwork: 1 }), retarget: 'fixed' as const, bits };
  return {
    version: 1,
    name,
    engine: 'pow',
    time: Date.now() - 60_000,
    schedule: [{ height: 0, params }],
    members: [],
    minters: [],
    allocations: rich ? [{ address: addressOf(publicKeyOf(rich)), balance: 1_000_000n }] : [],
  };
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs kvchaind with exactly these arguments until it ends; one that does not is killed after 90 s and gives no code. `termAt`: it is
 * sent SIGTERM as soon as it logs these words.
 */
export function runToEnd(args: readonly string[], termAt: string | null = null): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      const was = stderr;
      stderr += chunk.toString('utf8');
      if (termAt !== null && !was.includes(termAt) && stderr.includes(termAt)) child.kill('SIGTERM');
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), endMsMax);
    child.once('error', reject);
    child.once('close', code => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}
