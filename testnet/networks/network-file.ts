/**
 * A network in one file: how many daemons, how they are linked, what they mine, who attacks. Flags of `up` are a short form of the same
 * fields. docs/testnet/README.md shows one.
 */
import { parse as parseYaml } from 'yaml';
import { blockTransactionsCap } from '../../chain/block.ts';
import { encodeItem } from '../../chain/codec.ts';
import { KvchainError } from '../../chain/errors.ts';
import type { Genesis, Member, Params } from '../../chain/genesis.ts';
import { defaultParams, hasMembers, minesBlocks } from '../../chain/params.ts';
import { bitsForLeadingZeros, encodeBits } from '../../chain/target.ts';
import { createEngine } from '../../consensus/registry.ts';
import { delayMsMax } from '../../daemon/rpc/api-node.ts';
import { z } from '../../daemon/zod.ts';
import { attackerKinds } from '../attackers/kinds.ts';
import { parseTopology } from './topology.ts';

const electionMsMin = 2_000;
const electionDelays = 8;
/** More daemons than this want more than one machine. */
const membersMax = 128;
/** A committee beside proof of work. */
const minersVoting = 5;
/** Between blocks that are mined, where nobody says otherwise. */
const minedIntervalMs = 2_000;
const hashRate = z.int().min(0).max(1_000_000_000).meta({ description: 'hashes per second; 0 does not mine' });

const nodeSchema = z.strictObject({
  /** As the genesis and the tables call it, where members vote. */
  name: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,32}$/, 'expected 1 to 32 letters, digits and hyphens')
    .optional(),
  hashRate: hashRate.optional(),
  /** Further flags of kvchaind. */
  flags: z.array(z.string().min(1).max(256)).max(32).default([]),
  /** Where it is to die, as KVCHAIN_FAILPOINT says it (daemon/failpoint-armed.ts). */
  failpoint: z.string().min(1).max(256).optional(),
});

const attackerSchema = z.strictObject({
  kind: z.enum(attackerKinds),
  hashRate: hashRate.optional(),
  /** `on-order`: it takes part when it is restarted for the first time. */
  begins: z.enum(['at-once', 'on-order']).default('at-once'),
});

const topologySchema = z.string().transform((text, context) => {
  const topology = parseTopology(text);
  if (topology.ok) return topology.value;
  context.addIssue({ code: 'custom', message: topology.error.detail });
  return z.NEVER;
});

const fileSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'expected 1 to 32 lower-case letters, digits and hyphens')
    .default('lab'),
  engine: z.enum(['pow', 'pow-paxos', 'paxos']).default('pow'),
  topology: topologySchema.prefault('mesh'),
  /** Of random topologies. */
  seed: z.int().min(0).default(1),
  intervalMs: z.int().min(250).max(600_000).optional(),
  /** Transactions that a block holds at most; without it as many as the default of a genesis. */
  blockTransactionsMax: z.int().min(1).max(blockTransactionsCap).optional(),
  /** Members are a classroom: P1, P2, ..., one operation a block, a leader on request (docs/classroom.md). */
  classroom: z.boolean().default(false),
  /** In a classroom: digits at the end of h that are to be 0, 1 or 2. */
  nonceDigits: z.int().min(1).max(9).default(1),
  /** Everything that a daemon sends to another one comes so much later. */
  delayMs: z.int().min(0).max(delayMsMax).default(0),
  /** Every daemon records what its engine was told, in its folder. */
  record: z.boolean().default(false),
  /** Leading zero bits of every block hash, for ever; without it the difficulty follows intervalMs. */
  difficulty: z.int().min(0).max(60).nullable().default(null),
  /** Of each member that names none. */
  hashRate: hashRate.default(2_000),
  nodes: z
    .union([z.int().min(1).max(membersMax), z.array(nodeSchema).min(1).max(membersMax)])
    .default(5)
    .transform(given =>
      typeof given === 'number' ? Array.from({ length: given }, () => nodeSchema.parse({})) : given,
    ),
  attackers: z.array(attackerSchema).max(membersMax).default([]),
  /** How many of the nodes vote, the first ones, where members do: five of those that also mine, else all. */
  voters: z.int().min(1).max(membersMax).nullable().default(null),
});

type NetworkFields = z.output<typeof fileSchema>;

export interface PlannedNode {
  readonly name?: string | undefined;
  readonly hashRate: number;
  readonly flags: readonly string[];
  readonly failpoint?: string | undefined;
}

export interface PlannedAttacker {
  readonly kind: NetworkFields['attackers'][number]['kind'];
  readonly hashRate: number;
  readonly begins: NetworkFields['attackers'][number]['begins'];
}

/** A network with every default filled in. */
export interface NetworkPlan extends Omit<NetworkFields, 'nodes' | 'attackers' | 'hashRate' | 'intervalMs'> {
  readonly intervalMs: number;
  readonly nodes: readonly PlannedNode[];
  readonly attackers: readonly PlannedAttacker[];
}

/** The fields of a YAML text; they are checked by `planOf`. Error thrown: BAD_CONFIG with the file's name. */
export function readNetworkText(text: string, file: string): object {
  try {
    const fields: unknown = parseYaml(text) ?? {};
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return fields;
  } catch (error) {
    throw badFile(`${file}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  throw badFile(`${file}: expected fields such as nodes: 5`, null);
}

/**
 * Checks and completes what a file and flags gave. `typed` has the flags, by the field that each stands for. Error thrown: BAD_CONFIG with
 * the flag, or the field of the file, and what was expected.
 */
export function planOf(draft: object, typed: ReadonlyMap<string, string> = new Map()): NetworkPlan {
  const parsed = fileSchema.safeParse(draft);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = typed.get(String(issue?.path[0])) ?? issue?.path.join('.');
    throw badFile(`${place || 'the network'}: ${issue?.message ?? 'not valid'}`, parsed.error);
  }
  const { nodes, attackers, hashRate, ...given } = parsed.data;
  const fields = given.classroom ? { ...given, engine: 'paxos' as const, intervalMs: electionMsOf(given) } : given;
  if (given.classroom && given.engine !== 'paxos' && 'engine' in draft)
    throw badFile(`${typed.get('engine') ?? 'engine'}: a classroom agrees by paxos, not ${given.engine}`, null);
  const engine = createEngine(fields.engine);
  if (!engine.ok) throw badFile(`${typed.get('engine') ?? 'engine'}: ${engine.error.detail}`, null);
  return {
    ...fields,
    intervalMs:
      fields.intervalMs ?? (minesBlocks(fields.engine) ? minedIntervalMs : defaultParams(fields.engine).targetMs),
    nodes: nodes.map((node, index) => ({
      ...node,
      name: node.name ?? (fields.classroom ? `P${index + 1}` : undefined),
      hashRate: minesBlocks(fields.engine) ? (node.hashRate ?? hashRate) : 0,
    })),
    attackers: attackers.map(attacker => ({ ...attacker, hashRate: attacker.hashRate ?? hashRate })),
  };
}

/** The engine's election time-out, and half of what a client waits: eight delays, and not so short that a busy machine exceeds it. */
function electionMsOf({ delayMs }: Pick<NetworkFields, 'delayMs'>): number {
  return Math.max(electionMsMin, electionDelays * delayMs);
}

/** The attackers of a flag: private-fork:1,silent:2. Error thrown: USAGE. */
export function parseAttackers(text: string): readonly { readonly kind: string }[] {
  return text.split(',').flatMap(part => {
    const [, kind = '', count = '1'] = /^([a-z-]+)(?::(\d{1,3}))?$/.exec(part.trim()) ?? [];
    if (kind === '')
      throw new KvchainError('USAGE', `--attackers ${JSON.stringify(part)}: expected KIND:COUNT, such as silent:1`);
    return Array.from({ length: Number(count) }, () => ({ kind }));
  });
}

/** Which of the nodes vote: the first so many. */
export function votersOf({ engine, nodes, voters }: NetworkPlan): number {
  if (!hasMembers(engine)) return 0;
  return Math.min(nodes.length, voters ?? (minesBlocks(engine) ? minersVoting : nodes.length));
}

/** A new chain for the network, on which these members vote. */
export function genesisOf(plan: NetworkPlan, members: readonly Member[], now: number): Genesis {
  const { name, engine, intervalMs, blockTransactionsMax } = plan;
  const limit = blockTransactionsMax === undefined ? {} : { blockTransactionsMax };
  const classroom = plan.classroom ? classroomParams(plan) : {};
  const params = defaultParams(engine, { targetMs: intervalMs, testNetwork: 1, ...limit, ...classroom });
  return {
    version: 1,
    name,
    engine,
    time: now,
    schedule: [{ height: 0, params: { ...params, ...(minesBlocks(engine) ? hardnessOf(plan) : {}) } }],
    members,
    minters: [],
    allocations: [],
  };
}

/** One operation a block, and whoever comes may write every key. */
function classroomParams({ nonceDigits }: NetworkPlan): Partial<Params> {
  const engineParams = encodeItem([nonceDigits]); // The engine checks them (docs/protocol/classroom.md).
  const one = { blockTransactionsMax: 1, blockOperationsMax: 1, transactionOperationsMax: 1 };
  return { keyOwnership: 'open', engineParams, ...one };
}

/** The first difficulty is what all hash rates together meet in `intervalMs`. */
function hardnessOf({ intervalMs, difficulty, nodes }: NetworkPlan): Pick<Params, 'retarget' | 'bits'> {
  const trials = nodes.reduce((sum, node) => sum + node.hashRate, 0) * (intervalMs / 1_000);
  const target = 2n ** 256n / BigInt(Math.max(2, Math.round(trials)));
  return difficulty === null
    ? { retarget: 'asert', bits: encodeBits(target) }
    : { retarget: 'fixed', bits: bitsForLeadingZeros(difficulty) };
}

function badFile(detail: string, cause: unknown): KvchainError {
  const action = '`kvchain-testnet up --help` shows the flags; docs/testnet/README.md has every field of the file.';
  return new KvchainError('BAD_CONFIG', detail, { cause, action });
}
