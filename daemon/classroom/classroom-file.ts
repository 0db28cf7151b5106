/**
 * The one configuration file of a classroom: who its servers and clients are, where they are, and how long messages take. `kvchain-testnet up
 * --classroom` writes it, and every console reads it. The keys in it are worth nothing outside that network.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { writePrivateFile } from '../keystore/private-file.ts';
import { z } from '../zod.ts';

const fileName = 'classroom.json';

const classroomSchema = z.object({
  /** What every message takes from who sends it to who receives it, clients' too. */
  delayMs: z.int().min(0),
  /** How long a client waits for a reply before it asks another server to lead. */
  timeoutMs: z.int().min(1),
  /** `address` is where the other servers dial it, null before its first start; its API is told by the files in its folder. */
  servers: z.array(z.object({ name: z.string(), dataDir: z.string(), address: z.string().nullable() })).min(1),
  clients: z.array(z.object({ name: z.string(), secretKey: z.string().regex(/^[0-9a-f]{64}$/) })),
});

export type Classroom = Readonly<z.output<typeof classroomSchema>>;
export type ClassroomServer = Classroom['servers'][number];

export function classroomFileIn(folder: string): string {
  return join(folder, fileName);
}

/** Where `up` writes it when no folder is named. */
export function defaultClassroomFile(): string {
  return classroomFileIn(join(homedir(), '.kvchain-testnet'));
}

export async function writeClassroom(file: string, classroom: Classroom): Promise<void> {
  const text = `${JSON.stringify({ format: 'kvchain-classroom', version: 1, ...classroom }, null, 2)}\n`;
  await writePrivateFile({ file, bytes: toUtf8(text), existing: 'replace' });
}

/** Error thrown: USAGE for a file that is not there, or none of a classroom. */
export function readClassroom(file: string): Classroom {
  try {
    return classroomSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new KvchainError('USAGE', `${file} is no configuration of a classroom: ${reason}`, {
      action: 'Start one with `kvchain-testnet up --engine paxos --classroom`, or name its file with --config.',
    });
  }
}

/** The one of this name, in any case. Error thrown: USAGE with the names that there are. */
export function named<T extends { readonly name: string }>(what: string, all: readonly T[], name: string): T {
  const found = all.find(one => one.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const names = all.map(one => one.name).join(', ');
  throw new KvchainError('USAGE', `no ${what} ${JSON.stringify(name)}: there are ${names}`, {
    action: 'Give one of these.',
  });
}
