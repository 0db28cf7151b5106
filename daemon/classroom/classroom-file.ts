/**
 * The one configuration file of a classroom: who its servers and clients are, where they are, and how long messages take. `kvchain-testnet up
 * --classroom` writes it, and every console reads it. The keys in it are worth nothing outside that network.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { checkFormat } from '../../chain/json-file.ts';
import { writePrivateFile } from '../keystore/private-file.ts';
import { checkedHex } from '../rpc/hex.ts';
import { z } from '../zod.ts';

const fileName = 'classroom.json';
const format = 'kvchain-classroom';
const version = 1;

const classroomSchema = z.object({
  /** What every message takes from who sends it to who receives it, clients' too. */
  delayMs: z.int().min(0),
  /** How long a client waits for a reply before it asks another server to lead. */
  timeoutMs: z.int().min(1),
  /** `address` is where the other servers dial it, null before its first start; its API is told by the files in its folder. */
  servers: z.array(z.object({ name: z.string(), dataDir: z.string(), address: z.string().nullable() })).min(1),
  clients: z.array(
    z.object({
      name: z.string(),
      secretKey: z
        .string()
        .regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits')
        .transform(checkedHex),
    }),
  ),
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

export async function writeClassroom(file: string, { clients, ...classroom }: Classroom): Promise<void> {
  const keys = clients.map(({ name, secretKey }) => ({ name, secretKey: toHex(secretKey) }));
  const text = `${JSON.stringify({ format, version, ...classroom, clients: keys }, null, 2)}\n`;
  await writePrivateFile({ file, bytes: toUtf8(text), existing: 'replace' });
}

/** Errors thrown: USAGE for a file that is not there, or none of a classroom; BAD_VERSION for one of a newer program. */
export function readClassroom(file: string): Classroom {
  try {
    const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
    checkFormat({ code: 'USAGE', path: '', json }, format, version);
    return classroomSchema.parse(json);
  } catch (error) {
    if (error instanceof KvchainError && error.code === 'BAD_VERSION') throw error;
    throw new KvchainError('USAGE', `${file} is no configuration of a classroom: ${reasonOf(error)}`, {
      cause: error,
      action: 'Start one with `kvchain-testnet up --engine paxos --classroom`, or name its file with --config.',
    });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return error instanceof Error ? error.message : String(error);
  const [issue] = error.issues;
  return `${issue?.path.join('.')}: ${issue?.message}`;
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
