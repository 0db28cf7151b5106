/** What a simulation is about: the engine, the seed, how many nodes, and which faults may happen. The rest the seed decides. */

import { accept, type Result, reject } from '../../chain/errors.ts';
import { type EngineName, engineNames } from '../../chain/genesis.ts';
import { hasMembers, minesBlocks } from '../../chain/params.ts';
import { z } from '../../daemon/zod.ts';
import {
  type AttackerKind,
  certifiers,
  isAttacker,
  isCertifier,
  isLyingMember,
  lyingMembers,
  majorities,
  minorities,
} from '../attackers/kinds.ts';
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

/** Faults of members, beside those of machines. */
const memberFaults = {
  duel: 'members stand for election, several at once',
  'leader-dies': 'whoever leads loses its power between any two of its writes and messages',
  'voter-dies': 'members lose their power right after they accepted, or miss a decision, and another one leads',
  blackout: 'all members lose their power at one moment',
  disorder: 'what members say comes twice, late by minutes and in any order',
} as const;

/** What no promise covers whatever the engine. */
const brokenFaults = { amnesia: 'disks call durable what they have not written' } as const;

/** Identities that lie; where members may only crash, no member is one of them. */
const lyingFaults = ['twins'] as const satisfies readonly Fault[];

export type Fault = keyof typeof machineFaults | keyof typeof memberFaults | keyof typeof brokenFaults | AttackerKind;

/** What each fault does, in the order in which help and traces have them. */
export const faults: Readonly<Record<string, string>> = {
  ...machineFaults,
  ...memberFaults,
  ...whatsOf(minorities),
  ...whatsOf(certifiers),
  ...brokenFaults,
  ...whatsOf(lyingMembers),
  ...whatsOf(majorities),
};

/** Faults that the engine promises to survive. Somebody may lie where there are machines beside the members. */
export function faultsWithin(engine: EngineName): readonly Fault[] {
  const liars = [...lyingFaults, ...Object.keys(minorities), ...Object.keys(certifiers)];
  return Object.keys(faults)
    .filter(isFault)
    .filter(fault => !Object.hasOwn(brokenFaults, fault) && !Object.hasOwn(majorities, fault) && !isLyingMember(fault))
    .filter(fault => hasMembers(engine) || !(Object.hasOwn(memberFaults, fault) || isCertifier(fault)))
    .filter(fault => minesBlocks(engine) || !liars.includes(fault));
}

/** Faults that no promise covers, and that can be tried: the simulator must tell what they break. */
function faultsBeyond(engine: EngineName): readonly Fault[] {
  if (!minesBlocks(engine)) return Object.keys(brokenFaults).filter(isFault);
  const liars = hasMembers(engine) ? Object.keys(lyingMembers) : [];
  return [...Object.keys(majorities), ...Object.keys(brokenFaults), ...liars].filter(isFault);
}

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

/** A scenario with every fault that the engine promises to survive. */
export function ofSeed(seed: bigint, engine: EngineName = 'pow'): Scenario {
  return {
    engine,
    seed,
    nodes: null,
    intervalMs: usualIntervalMs,
    faults: faultsWithin(engine),
    signatures: 'real',
    without: [],
  };
}

/**
 * Reads `all`, `beyond`, `none` or a list of names. `beyond` is all faults and those that no promise covers. Code USAGE for what is no fault,
 * or none of this engine.
 */
export function parseFaults(text: string, engine: EngineName = 'pow'): Result<readonly Fault[]> {
  const [within, beyond] = [faultsWithin(engine), faultsBeyond(engine)];
  if (text === 'all') return accept(within);
  if (text === 'beyond') return accept([...within, ...beyond]);
  if (text === 'none') return accept([]);
  const names = text.split(',');
  const known = [...within, ...beyond];
  const stranger = names.find(name => !isFault(name) || !(known.includes(name) || isAttackerWithin(name, engine)));
  if (stranger === undefined) return accept(names.filter(isFault));
  const there = `there are ${known.join(', ')}`;
  if (!isFault(stranger)) return reject('USAGE', `no fault ${JSON.stringify(stranger)}; ${there}`);
  return reject('USAGE', `${stranger}: ${reasonAgainst(stranger, engine)}; ${there}`);
}

/** Beside the listed ones there are attackers that nothing is to be seen of on simulated wires. */
function isAttackerWithin(fault: Fault, engine: EngineName): boolean {
  return (
    isAttacker(fault) && minesBlocks(engine) && (hasMembers(engine) || !(isCertifier(fault) || isLyingMember(fault)))
  );
}

function reasonAgainst(fault: Fault, engine: EngineName): string {
  if (Object.hasOwn(memberFaults, fault) || isCertifier(fault) || isLyingMember(fault))
    return `nobody is a member where the engine is ${engine}`;
  return `members of ${engine} may crash, not lie, and nobody else makes blocks`;
}

function isFault(name: string): name is Fault {
  return Object.hasOwn(faults, name) || isAttacker(name);
}

/** Reads what `--shrink` prints. Throws what is wrong with it. */
export function readScenario(text: string): Scenario {
  const { seed, faults: names, check: _, ...rest } = scenarioSchema.parse(JSON.parse(text));
  return { ...rest, seed: BigInt(seed), faults: names.filter(isFault) };
}

/** The options of the command that runs this scenario. */
export function optionsOf({ engine, seed, nodes, intervalMs, faults: chosen, signatures, without }: Scenario): string {
  const within = faultsWithin(engine);
  const isAll = chosen.length === within.length && within.every(fault => chosen.includes(fault));
  return [
    `--engine ${engine} --seed ${seed}`,
    ...(nodes === null ? [] : [`--nodes ${nodes}`]),
    ...(intervalMs === usualIntervalMs ? [] : [`--interval ${intervalMs}`]),
    `--faults ${isAll ? 'all' : chosen.join(',') || 'none'}`,
    ...(signatures === 'real' ? [] : [`--signatures ${signatures}`]),
    ...(without.length === 0 ? [] : [`--without ${without.join(',')}`]),
  ].join(' ');
}

function whatsOf(kinds: Readonly<Record<string, { readonly what: string }>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(kinds).map(([kind, { what }]) => [kind, what]));
}
