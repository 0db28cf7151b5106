/** network.json: where a running network hears orders, and which processes are its members, for whom the first process is gone. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { writePrivateFile } from '../../daemon/keystore/private-file.ts';
import { makeFolder } from '../../daemon/make-folder.ts';
import { z } from '../../daemon/zod.ts';
import { until } from '../until.ts';
import { removeSocket } from './control.ts';
import { removeHosts } from './hosts.ts';

const fileName = 'network.json';
/** How this program is called: by its file, or by the name under which it is installed. */
const programs = /(^|\/)(testnet\/main\.js|kvchain-testnet)$/;
const endMs = 15_000;

const stateSchema = z.object({
  format: z.literal('kvchain-testnet'),
  version: z.literal(1),
  /** Of the process of `up`. */
  pid: z.int(),
  /** Where it takes orders. */
  socket: z.string(),
  members: z.array(z.object({ name: z.string(), pid: z.int().nullable(), dataDir: z.string(), logFile: z.string() })),
});

export type NetworkState = Readonly<z.output<typeof stateSchema>>;

/** `given`, or ~/.kvchain-testnet. */
export function networkFolder(given: string | undefined): string {
  return resolve(given ?? join(homedir(), '.kvchain-testnet'));
}

/** Error thrown: NOT_FOUND where no network ever was, BAD_CONFIG when the file is damaged. */
export function readState(folder: string): NetworkState {
  const file = join(folder, fileName);
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (!isMissing) throw new KvchainError('BAD_CONFIG', `${file} is damaged`, { cause, action: `Remove ${folder}.` });
    throw new KvchainError('NOT_FOUND', `no network in ${folder}`, {
      action: 'Start one with `kvchain-testnet up`, or name its folder with --dir.',
    });
  }
}

export async function writeState(folder: string, state: Omit<NetworkState, 'format' | 'version'>): Promise<void> {
  const file = join(folder, fileName);
  const text = `${JSON.stringify({ format: 'kvchain-testnet', version: 1, ...state }, null, 2)}\n`;
  await writePrivateFile({ file, bytes: toUtf8(text), existing: 'replace' });
}

/** Makes an empty folder: what a network that ended left there goes. Errors thrown: USAGE while one runs, BAD_CONFIG for other files. */
export async function clearFolder(folder: string): Promise<void> {
  await makeFolder(folder, 0o700);
  const names = await readdir(folder);
  if (names.length === 0) return;
  if (!names.includes(fileName)) {
    throw new KvchainError('BAD_CONFIG', `${folder} has files that are not of a network`, {
      action: 'Give an empty folder with --dir.',
    });
  }
  const state = readState(folder);
  if (isNetwork(commandOf(state.pid))) {
    throw new KvchainError('USAGE', `a network runs in ${folder} already`, {
      action: 'End it with `kvchain-testnet down`, or give another folder with --dir.',
    });
  }
  await endLeftovers(state);
  for (const name of names) await rm(join(folder, name), { recursive: true });
}

/** Ends the members of a network whose `up` was killed, and removes its socket; gives how many members there were. */
export async function endLeftovers({ pid, socket, members }: NetworkState): Promise<number> {
  // A process id may be another program's by now: a member names its folder.
  const isThere = ({ pid, dataDir }: NetworkState['members'][number]) => commandOf(pid).includes(dataDir);
  const left = members.filter(isThere);
  for (const member of left) {
    process.kill(member.pid ?? 0, 'SIGCONT');
    process.kill(member.pid ?? 0, 'SIGTERM');
  }
  await until('the members to end', endMs, async () => !left.some(isThere)).catch(() => {
    for (const member of left.filter(isThere)) process.kill(member.pid ?? 0, 'SIGKILL');
  });
  removeHosts(pid);
  await removeSocket(socket);
  return left.length;
}

/** True for the command line of a process that runs a network: after its end, the id may be that of a `backup`. */
export function isNetwork(command: string): boolean {
  const words = command.trim().split(/\s+/);
  const at = words.findIndex(word => programs.test(word));
  return at >= 0 && words[at + 1] === 'up';
}

/** The command line of a process; empty when there is none. */
function commandOf(pid: number | null): string {
  if (pid === null) return '';
  try {
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
