/** What a seed makes of a scenario before anything happens: which faults this world has, its machines, their power, clocks and links. */
import type { EngineName } from '../../chain/genesis.ts';
import { hasMembers, minesBlocks } from '../../chain/params.ts';
import type { PeerId } from '../../daemon/ports.ts';
import { type AttackerKind, isAttacker, isLyingMember, isMajority } from '../attackers/kinds.ts';
import type { Chance } from './chance.ts';
import { regionsCount } from './regions.ts';
import type { RoadSettings } from './roads.ts';
import type { Fault, Scenario } from './scenario.ts';
import type { DiskSettings } from './simulated-disk.ts';
import type { NodePlan } from './simulated-node.ts';
import type { Weather } from './wires.ts';

/** Clocks are wrong by at most this, so that two of them differ by more than maxDriftMs at times. */
const clockErrorMs = 1_200;
/** Of an attacker's power in that of an honest node; one that has the majority has more than all the others together. */
const majorityShare = 1.5;
/** Of each fault of the weather and of the machines, that a world has it. */
const faultProbability = 0.6;
/** So that the honest can be parted and still be two somewhere. */
const honestMin = 3;
/** Members where members alone make blocks: odd numbers, as one more survives no more. Small worlds cost a third. */
const memberCounts = [3, 3, 5, 5, 7];
const membersMax = Math.max(...memberCounts);
/** Machines beside them, which follow. */
const observersMax = 2;
/** Members of a chain that others mine. */
const committeeMax = 5;

export interface PlanParts {
  readonly scenario: Scenario;
  readonly chance: Chance;
  /** Trials a second of all honest nodes together. */
  readonly rate: number;
  readonly startMs: number;
  readonly disk: DiskSettings;
}

export interface Plan {
  /** What of the scenario's faults this world has. */
  readonly faults: ReadonlySet<Fault>;
  readonly honest: readonly NodePlan[];
  readonly attackers: readonly NodePlan[];
  readonly weather: Weather;
  readonly roads: RoadSettings;
}

/**
 * Not every world has every fault: some bugs hide behind others. Honest machines stand in a ring with chords, so that each has an honest
 * link whatever the attackers do. Small worlds are more frequent: they show nearly all that large ones show, and cost a third.
 */
export function planWorld({ scenario, chance, rate, startMs, disk }: PlanParts): Plan {
  const voters = votersOf(scenario, chance);
  const count = scenario.nodes ?? countOf(voters, chance);
  const faults = new Set(scenario.faults.filter(fault => chance.stream(fault).happens(faultProbability)));
  const names = chooseAttackers(scenario.faults.filter(isAttacker), chance.stream('villains'), count);
  const honestCount = count - names.length;
  const members = voters ?? committeeOf(scenario.engine, honestCount);
  const honest = planHonest({ count: honestCount, members, rate, startMs, disk, chance, faults });
  const attackers = names.map((attacker, index) => planAttacker(attacker, index, { honest, rate, startMs, disk }));
  const roads = roadsOf(chance, [...honest, ...attackers], faults);
  return { faults, honest, attackers, weather: weatherOf(chance, faults), roads };
}

/** How many machines, from the first on, are members where they alone make blocks; null elsewhere. */
function votersOf({ engine, nodes }: Scenario, chance: Chance): number | null {
  if (minesBlocks(engine)) return null;
  if (nodes === null) return chance.pick(memberCounts);
  return Math.min(membersMax, nodes % 2 === 0 ? nodes - 1 : nodes);
}

function countOf(voters: number | null, chance: Chance): number {
  if (voters !== null) return voters + chance.stream('observers').between(0, observersMax);
  return Math.min(chance.between(3, 10), chance.between(3, 10));
}

/** How many of the honest machines, from the first on, make blocks final that others mine. */
function committeeOf(engine: EngineName, honest: number): number {
  return hasMembers(engine) ? Math.min(committeeMax, honest) : 0;
}

/** Attackers of different kinds, together with less than half of the work. Who breaks the most rules comes most often. */
function chooseAttackers(possible: readonly AttackerKind[], chance: Chance, count: number): readonly AttackerKind[] {
  const strong = possible.filter(kind => isMajority(kind) || isLyingMember(kind));
  if (strong.length > 0) return [chance.pick(strong)];
  const most = Math.min(count - honestMin, Math.floor((count - 1) / 2));
  if (most <= 0) return [];
  const shuffled = chance.shuffle(possible);
  const isFirst = possible.includes('invalid-blocks') && chance.happens(0.5);
  const order = isFirst ? ['invalid-blocks' as const, ...shuffled.filter(name => name !== 'invalid-blocks')] : shuffled;
  return chance.happens(0.2) ? [] : order.slice(0, chance.between(1, most));
}

interface HonestParts extends Omit<PlanParts, 'scenario'> {
  readonly count: number;
  /** So many of them are members. */
  readonly members: number;
  readonly faults: ReadonlySet<Fault>;
}

/** Members speak to each other alone, so each dials all that come behind it. */
function planHonest({ count, members, rate, startMs, disk, chance, faults }: HonestParts): readonly NodePlan[] {
  const names: readonly PeerId[] = Array.from({ length: count }, (_, index) => `n${index}`);
  const shares = names.map(() => 0.5 + chance.fraction());
  const total = shares.reduce((sum, share) => sum + share, 0);
  const errorMs = faults.has('clock') ? clockErrorMs : 0;
  return names.map((name, index) => ({
    name,
    identity: index === members + 1 && faults.has('twins') ? `n${members}` : name,
    member: index < members ? index : null,
    attacker: null,
    rate: rate * ((shares[index] ?? 1) / total),
    clock: {
      startMs: startMs + chance.between(-errorMs, errorMs),
      rate: faults.has('clock') ? 1 + (chance.fraction() - 0.5) / 1_000 : 1,
    },
    bootstrap: names.filter((_, other) => {
      const isNext = other === (index + 1) % count;
      if (index < members && other < members) return other > index;
      return isNext || (other > index + 1 && chance.happens(0.5) && !(index === 0 && other === count - 1));
    }),
    disk,
  }));
}

function planAttacker(
  attacker: AttackerKind,
  index: number,
  { honest, rate, startMs, disk }: Pick<PlanParts, 'rate' | 'startMs' | 'disk'> & Pick<Plan, 'honest'>,
): NodePlan {
  const name = `v${index}`;
  const bootstrap = honest.map(node => node.name);
  const share = isMajority(attacker) ? majorityShare : 1 / honest.length;
  return {
    name,
    identity: name,
    member: isLyingMember(attacker) ? honest.filter(node => node.member !== null).length : null,
    attacker,
    rate: rate * share,
    clock: { startMs, rate: 1 },
    bootstrap,
    disk,
  };
}

/** Bytes a millisecond. */
const narrow = 8;
const wide = 64;

function weatherOf(chance: Chance, faults: ReadonlySet<Fault>): Weather {
  return {
    delayMs: chance.between(1, 60),
    jitterMs: chance.between(1, 150),
    lossProbability: faults.has('loss') ? chance.pick([0.005, 0.02]) : 0,
    duplicationProbability: faults.has('duplication') ? 0.02 : 0,
    lateProbability: faults.has('disorder') ? 0.01 : 0,
  };
}

function roadsOf(chance: Chance, plans: readonly NodePlan[], faults: ReadonlySet<Fault>): RoadSettings {
  const machines = plans.map(({ name }) => name);
  const regionOf = new Map(machines.map(name => [name, chance.between(0, regionsCount - 1)]));
  const drawn = chance.pick([narrow, wide]);
  // What fills blocks on purpose does not fit through narrow links beside what catches up: then nobody could follow.
  const bytesPerMs = plans.some(({ attacker }) => attacker === 'spammer') ? wide : drawn;
  const slowMs = new Map([[chance.pick(machines), chance.between(5, 25)]]);
  return {
    regionOf: faults.has('regions') ? regionOf : new Map(),
    bytesPerMs: faults.has('bandwidth') ? bytesPerMs : null,
    slowMs: faults.has('slow-node') ? slowMs : new Map(),
  };
}
