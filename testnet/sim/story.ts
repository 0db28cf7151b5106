/**
 * The story of a simulation: the nodes find each other and make blocks; the net is split until that shows (course.ts); nodes die and come back; links go deaf in one direction. Then all is healed and everyone must agree, and every
 * transaction must be in.
 */
import { unreachable } from '../../chain/errors.ts';
import type { PeerId } from '../../daemon/ports.ts';
import { type CaughtUp, catchUp } from './catch-up.ts';
import type { Chance } from './chance.ts';
import { type Chapter, chapters } from './chapters.ts';
import { tipText } from './checks.ts';
import { courseOf } from './courses.ts';
import { blackout, duel, killAtAct, killLeader, type ToldOfMembers } from './member-chapters.ts';
import type { SimulatedNode } from './simulated-node.ts';
import { strikeVoters, type ToldOfVoters } from './voter-chapter.ts';
import type { World } from './world.ts';

export interface Told extends CaughtUp, ToldOfMembers, ToldOfVoters {
  partitions: number;
  /** Partitions that left two branches, one of which was undone. */
  forks: number;
  oneWayCuts: number;
  /** Kills while a durable write was under way. */
  killsWhileSyncing: number;
  restarts: number;
  /** Disks that failed one write, or all. */
  brokenDisks: number;
}

const quietMs = 20_000;
/** Messages of an attacker that may all have been lost, or found nobody. */
const offencesUnpunishedMax = 4;

export async function tellStory(world: World, told: Told): Promise<void> {
  const chance = world.chance.stream('story');
  // The last one may join late: it has everything to fetch, while the others go on.
  const isLate = chance.happens(0.3) && world.scenario.faults.includes('late');
  const founders = isLate ? world.nodes.slice(0, -1) : world.nodes;
  for (const node of [...founders, ...world.attackers]) world.boot(node);
  await world.untilPatiently('the founders are up', () => founders.every(({ node }) => node !== null));
  world.workload.start();
  await world.untilPatiently('the first blocks', () => world.mirrors().every(({ height }) => height >= 3));
  for (const [number, chapter] of chapters(chance, world.scenario).entries()) {
    // What shrinking left out takes its draws with it: the chapters that stay have streams of their own.
    if (world.scenario.without.includes(number)) continue;
    const own = chance.stream(`chapter ${number}`);
    world.trace.add('world', 'chapter', `${number} ${chapter}`);
    await tellChapter(world, own, { chapter, told });
    await world.sleep(own.between(0, 5_000));
  }
  for (const node of world.nodes.slice(founders.length)) world.boot(node);
  await world.untilPatiently('all are up', () => world.nodes.every(({ node }) => node !== null));
  await heal(world);
}

interface Telling {
  readonly chapter: Chapter;
  readonly told: Told;
}

async function tellChapter(world: World, chance: Chance, { chapter, told }: Telling): Promise<void> {
  switch (chapter) {
    case 'partition':
      await partition(world, chance, { told, during: async () => {} });
      break;
    case 'kill in a partition':
      await partition(world, chance, { told, during: () => killOne(world, chance, told) });
      break;
    case 'one-way':
      await cutOneWay(world, chance, told);
      break;
    case 'kill':
      await killOne(world, chance, told);
      break;
    case 'two killed':
      await Promise.all([killOne(world, chance, told), killOne(world, chance, told)]);
      break;
    case 'restart':
      await restartOne(world, chance, told);
      break;
    case 'full-disk':
      await breakOneDisk(world, chance, { told, writes: 'all' });
      break;
    case 'disk-error':
      await breakOneDisk(world, chance, { told, writes: 'one' });
      break;
    case 'catch-up':
      await catchUp(world, chance, told);
      break;
    case 'duel':
      await duel(world, chance, told);
      break;
    case 'leader-dies':
      await killLeader(world, chance, told);
      break;
    case 'voter-dies':
      await strikeVoters(world, chance, told);
      break;
    case 'blackout':
      await blackout(world, chance, told);
      break;
    case 'calm':
      await world.sleep(chance.between(20_000, 40_000));
      break;
    default:
      unreachable(chapter);
  }
}

interface Splitting {
  readonly told: Told;
  readonly during: () => Promise<void>;
}

/** Splits the net until that has had its effect. */
async function partition(world: World, chance: Chance, { told, during }: Splitting): Promise<void> {
  const names = chance.shuffle(world.nodes.filter(({ node }) => node !== null).map(({ name }) => name));
  const size = chance.between(Math.ceil(names.length / 3), Math.floor((2 * names.length) / 3));
  const sides = [names.slice(0, size), names.slice(size)] as const;
  const camps = sides.map(() => [] as PeerId[]);
  for (const { name } of world.attackers) chance.pick(camps).push(name);
  const all = sides.map((side, index) => [...side, ...(camps[index] ?? [])]);
  world.trace.add('world', 'partition', all.map(side => side.join(',')).join(' / '));
  world.wires.partition(all);
  told.partitions += 1;
  await during();
  const course = courseOf(world.scenario.engine);
  if (await course.untilParted(world, chance, sides)) told.forks += 1;
  world.wires.mend();
  world.trace.add('world', 'mend');
  await course.untilJoined(world);
}

/** Packets of some links pass in one direction only, for a while. */
async function cutOneWay(world: World, chance: Chance, told: Told): Promise<void> {
  const deaf = chance.pick(world.nodes).name;
  for (const { name } of world.nodes) if (name !== deaf && chance.happens(0.7)) world.wires.cut(name, deaf);
  told.oneWayCuts += 1;
  world.trace.add('world', 'one-way', `nothing reaches ${deaf}`);
  await world.sleep(chance.between(3_000, 30_000));
  world.wires.mend();
  world.trace.add('world', 'mend');
}

/** Kills a node at any moment, or while it syncs, and starts it again some time later. */
async function killOne(world: World, chance: Chance, told: Told): Promise<void> {
  await world.sleep(chance.between(0, 4_000));
  const victim = await strike(world, chance, told);
  await world.sleep(chance.between(100, 15_000));
  world.boot(victim);
  await world.untilPatiently(`${victim.name} is up again`, () => victim.node !== null);
}

const moments = ['at any moment', 'while it syncs', 'when it has sent'] as const;

/** Kills a node that is up, every other time in the middle of a durable write; another one when somebody else was faster. */
async function strike(world: World, chance: Chance, told: Told): Promise<SimulatedNode> {
  for (;;) {
    const victim = chance.pick(world.nodes.filter(({ node }) => node !== null));
    const isReady = () => victim.isSyncing || victim.node === null;
    const when = chance.pick(victim.plan.member === null ? moments : [...moments, 'at an act' as const]);
    if (when === 'at an act') {
      if (!(await killAtAct(world, victim, chance))) continue;
      told.kills += 1;
      return victim;
    }
    // One that is cut off from all who decide has nothing to write, however long it lives.
    if (when === 'while it syncs') await world.untilOr('a durable write', quietMs, isReady);
    const sent = world.wires.sentBy(victim.name);
    const hasSent = () => victim.node === null || world.wires.sentBy(victim.name) > sent;
    if (when === 'when it has sent') await world.untilOr('a packet', quietMs, hasSent);
    if (victim.node === null) continue;
    told.kills += 1;
    if (victim.isSyncing) told.killsWhileSyncing += 1;
    await world.kill(victim);
    return victim;
  }
}

/** Stops a node in order and starts it again: what waited in its mempool waits there again, whoever had sent it. */
async function restartOne(world: World, chance: Chance, told: Told): Promise<void> {
  await world.sleep(chance.between(0, 4_000));
  const chosen = chance.pick(world.nodes.filter(({ node }) => node !== null));
  const { node: before, name } = chosen;
  const waiting = world.workload.submissions.filter(({ idHexes }) => idHexes.some(idHex => before?.mempool.has(idHex)));
  told.restarts += 1;
  await stop(world, chosen);
  await world.sleep(chance.between(0, 5_000));
  world.boot(chosen);
  await world.untilPatiently(`${name} is up again`, () => chosen.node !== null);
  const mirror = world.checks.mirror(name);
  const isKept = (idHex: string) => chosen.node?.mempool.has(idHex) || mirror?.includes(idHex);
  const lost = waiting.find(({ idHexes }) => !idHexes.some(isKept));
  if (lost) world.checks.fail(name, `the mempool forgot ${lost.idHexes[0]} over a restart`);
}

interface Breaking {
  readonly told: Told;
  readonly writes: 'one' | 'all';
}

/** A node whose disk fails gives up and says so; with a disk that works it goes on from what was durable. */
async function breakOneDisk(world: World, chance: Chance, { told, writes }: Breaking): Promise<void> {
  await world.sleep(chance.between(0, 4_000));
  const victim = chance.pick(world.nodes.filter(({ node }) => node !== null));
  told.brokenDisks += 1;
  world.trace.add(victim.name, 'broken disk', `${writes} of its writes`);
  victim.breakDisk(writes);
  await world.untilPatiently(`${victim.name} gives up`, () => victim.hasGivenUp);
  await world.kill(victim);
  await world.sleep(chance.between(100, 5_000));
  world.boot(victim);
  await world.untilPatiently(`${victim.name} is up again`, () => victim.node !== null);
}

/** No more faults: within bounded time everything that was sent is included everywhere, and everyone has the same head. */
export async function heal(world: World): Promise<void> {
  world.trace.add('world', 'heal');
  world.wires.mend();
  world.wires.weather = { ...world.wires.weather, lossProbability: 0, duplicationProbability: 0, lateProbability: 0 };
  await courseOf(world.scenario.engine).goOn(world);
  world.workload.stop();
  await world.untilPatiently('everything that was sent is included', () => isAllIncluded(world));
  checkBlame(world);
  for (const attacker of world.attackers) await world.kill(attacker);
  await settle(world);
  for (const node of world.nodes) await stop(world, node);
}

/** Everyone has the same head, and nothing is left to be included. */
async function settle(world: World): Promise<void> {
  await courseOf(world.scenario.engine).settle(world);
  await world.sleep(quietMs);
  const tips = new Set(world.mirrors().map(tipText));
  for (const { name, node } of world.nodes) {
    const others = [...world.deeds.ownTransactions].filter(idHex => node?.mempool.has(idHex)).length;
    const count = (node?.mempool.stats().count ?? 0) - others;
    if (count > 0) world.checks.fail(name, `A-I7: ${count} transactions wait, and all that were sent are included`);
  }
  world.checks.atRest();
  if (tips.size !== 1) world.checks.fail('world', `A-I5: after a quiet time the heads are ${[...tips].join(', ')}`);
}

/** A-H1: who sent what every node can see to be wrong has paid for it somewhere. */
function checkBlame(world: World): void {
  for (const { name } of world.attackers) {
    if (world.deeds.offences(name) < offencesUnpunishedMax || world.checks.hasBlamed(name)) continue;
    world.checks.fail('world', `A-H1: ${name} broke rules that all can check, and nobody made it pay`);
  }
}

async function stop(world: World, node: SimulatedNode): Promise<void> {
  const { name } = node;
  const timersLeft = await node.stop();
  world.checks.forget(name);
  world.trace.add(name, 'stop');
  if (timersLeft > 0) world.checks.fail(name, `${timersLeft} timers outlive the node that stopped`);
}

function isAllIncluded(world: World): boolean {
  const chains = world.mirrors();
  return world.workload.submissions.every(({ idHexes }) =>
    chains.every(mirror => idHexes.some(idHex => mirror.includes(idHex))),
  );
}
