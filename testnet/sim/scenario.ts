/** What a simulation is about: the engine, the seed, how many nodes, and which faults may happen. The rest the seed decides. */

import { accept, type Result, reject } from '../../chain/errors.ts';
import { type EngineName, engineNames } from '../../chain/genesis.ts';
import { z } from '../../daemon/zod.ts';
import { type AttackerKind, type AttackerRow, isAttacker, majorities, minorities } from '../attackers/kinds.ts';
import { type SchemeName, schemeNames } from './signatures.ts';

/** Faults of machines and links, with what each of them does. */
const machineFaults = {
  partition: 'the net splits until both sides have a branch of their own',
  'one-way': 'nothing reaches one node for a while, though it can speak',
  kill: 'a node loses its power, at any moment, in a durable write, or right after it sent something',
  restart: 'a node stops in order and starts again',
  'full-disk': 'a disk takes no more writes',
  'disk-error': 'one write fails',
  late: 'the last node joins when all the others have a history',
  'catch-up': 'a node comes back with an empty disk and fetches a long chain, while peers die or fall silent',
  loss: 'packets get lost',
  duplication: 'packets come twice',
  regions: 'the nodes stand in 13 regions of the world, each pair with its delay',
  bandwidth: 'links carry so many bytes a second',
  clock: 'clocks are wrong and run wrong',
  'slow-node': 'one node takes its time for each packet',
  twins: 'two nodes have one identity',
} as const;

/** Faults that the engine promises to survive. */
export const faults: Readonly<Record<string, string>> = { ...machineFaults, ...whatsOf(minorities) };

/** Faults that no promise covers: the simulator must tell what they break. */
export const faultsBeyond: Readonly<Record<string, string>> = {
  ...whatsOf(majorities),
  amnesia: 'disks call durable what they have not written',
};

export type Fault = keyof typeof machineFaults | 'amnesia' | AttackerKind;

export interface Scenario {
  readonly engine: EngineName;
  readonly seed: bigint;
  /** Null leaves it to the seed. */
  readonly nodes: number | null;
  /** Mean time between blocks, in milliseconds. Clients act once a second, whatever it is. */
  readonly intervalMs: number;
  readonly faults: readonly Fault[];
  /** How everybody signs; `fast` leaves secp256k1 out of it (signatures.ts). */
  readonly signatures: SchemeName;
  /** Which chapters of the story are left out, by their number; what shrinking found superfluous. */
  readonly without: readonly number[];
}

export const usualIntervalMs = 1_000;

const scenarioSchema = z.object({
  engine: z.enum(engineNames),
  seed: z.int().min(0),
  nodes: z.int().min(3).nullable(),
  intervalMs: z.int().min(1).default(usualIntervalMs),
  signatures: z.enum(schemeNames).default('real'),
  faults: z.array(z.string().refine(isFault, 'no such fault')),
  without: z.array(z.int()),
  check: z.string(),
});

const inModel = Object.keys(faults).filter(isFault);
const beyond = Object.keys(faultsBeyond).filter(isFault);

/** A scenario with every fault that the engine promises to survive. */
export function ofSeed(seed: bigint): Scenario {
  return {
    engine: 'pow',
    seed,
    nodes: null,
    intervalMs: usualIntervalMs,
    faults: inModel,
    signatures: 'real',
    without: [],
  };
}

/** Reads `all`, `beyond`, `none` or a list of names. `beyond` is all faults and those that no promise covers. */
export function parseFaults(text: string): Result<readonly Fault[]> {
  if (text === 'all') return accept(inModel);
  if (text === 'beyond') return accept([...inModel, ...beyond]);
  if (text === 'none') return accept([]);
  const names = text.split(',');
  const unknown = names.find(name => !isFault(name));
  if (unknown === undefined) return accept(names.filter(isFault));
  return reject('USAGE', `no fault ${JSON.stringify(unknown)}; there are ${[...inModel, ...beyond].join(', ')}`);
}

function isFault(name: string): name is Fault {
  return Object.hasOwn(faults, name) || Object.hasOwn(faultsBeyond, name) || isAttacker(name);
}

/** Reads what `--shrink` prints. Throws what is wrong with it. */
export function readScenario(text: string): Scenario {
  const { seed, faults: names, check: _, ...rest } = scenarioSchema.parse(JSON.parse(text));
  return { ...rest, seed: BigInt(seed), faults: names.filter(isFault) };
}

/** The options of the command that runs this scenario. */
export function optionsOf({ engine, seed, nodes, intervalMs, faults: chosen, signatures, without }: Scenario): string {
  const isAll = chosen.length === inModel.length && inModel.every(fault => chosen.includes(fault));
  return [
    `--engine ${engine} --seed ${seed}`,
    ...(nodes === null ? [] : [`--nodes ${nodes}`]),
    ...(intervalMs === usualIntervalMs ? [] : [`--interval ${intervalMs}`]),
    `--faults ${isAll ? 'all' : chosen.join(',') || 'none'}`,
    ...(signatures === 'real' ? [] : [`--signatures ${signatures}`]),
    ...(without.length === 0 ? [] : [`--without ${without.join(',')}`]),
  ].join(' ');
}

function whatsOf(rows: Readonly<Record<string, AttackerRow>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(rows).map(([kind, { what }]) => [kind, what]));
}
