/**
 * The chapter in which a machine gets an empty disk, or one that is far behind, and a chain to fetch that takes many lists of headers and requests of bodies. In the
 * middle of it a peer dies, or nothing of one of them, or of all, reaches it. Half of the time nobody finds a block meanwhile, so that what
 * peers claim is all that it has to go by, and half of the time it reaches one honest peer alone, whom it must ask until it has all.
 */
import { minesBlocks } from '../../chain/params.ts';
import type { PeerId } from '../../daemon/ports.ts';
import type { Chance } from './chance.ts';
import { courseOf } from './courses.ts';
import type { SimulatedNode } from './simulated-node.ts';
import { membersUp } from './voted-course.ts';
import type { World } from './world.ts';

/** Four lists of headers and a part of the fifth (short-lists.ts). */
const chainBlocksMin = 36;
/** Bounded, whatever the peers do: a question that nobody answers takes 15 s, and an attacker is asked ten of them until it is banned. */
const catchUpMs = 240_000;

export interface CaughtUp {
  catchUps: number;
  kills: number;
}

export async function catchUp(world: World, chance: Chance, told: CaughtUp): Promise<void> {
  const candidates = running(world).filter(node => isSpared(world, node));
  // Where some have not joined yet, all that run may be needed.
  if (candidates.length === 0) return;
  const joining = chance.pick(candidates);
  const others = running(world).filter(node => node !== joining);
  told.catchUps += 1;
  const held = await stopLongEnough(world, joining);
  await world.untilPatiently('a long chain', () => lowest(world, others) >= held + chainBlocksMin);
  const goOn = chance.happens(0.5) ? courseOf(world.scenario.engine).hush(world) : () => {};
  const goal = lowest(world, others);
  const work = leastWork(world, others);
  const hidden = chance.happens(0.5) ? allButOne(world, joining, chance.shuffle(others)) : [];
  hide(world, joining, hidden);
  world.boot(joining);
  await world.untilPatiently(`${joining.name} is up`, () => joining.node !== null);
  const middle = chance.between(held + 1, goal - 1);
  const progress = chance.pick([heightOf, headersOf]);
  await world.until(`${joining.name} has a part`, catchUpMs, () => progress(world, joining) >= middle);
  await trouble(world, chance, { joining, hidden, told });
  await world.until(`${joining.name} has caught up`, catchUpMs, () => workOf(world, joining) >= work);
  world.wires.mend();
  goOn();
}

/** Whether the others go on without it: somebody sends, and where members decide they are a majority. */
function isSpared(world: World, node: SimulatedNode): boolean {
  const isMajority = node.plan.member === null || membersUp(world).length > world.agreement.quorum;
  return isMajority && !world.workload.needs(node.name);
}

/** Gives the height that it holds still: a member keeps its disk, as one that forgets is no longer itself. */
async function stopLongEnough(world: World, joining: SimulatedNode): Promise<number> {
  const height = heightOf(world, joining);
  await world.kill(joining);
  if (joining.plan.member !== null) return height;
  joining.replaceDisk();
  world.checks.begin(joining.name);
  world.agreement.begin(joining.name);
  world.trace.add(joining.name, 'new disk');
  return 0;
}

/**
 * All but the first with whom it has a link of its own, so that it need not be told of anybody to have whom to ask. Where members alone
 * make blocks it believes nobody else.
 */
function allButOne(
  world: World,
  { name, plan }: SimulatedNode,
  others: readonly SimulatedNode[],
): readonly SimulatedNode[] {
  const believed = minesBlocks(world.scenario.engine) ? others : others.filter(other => other.plan.member !== null);
  const friend = believed.find(other => plan.bootstrap.includes(other.name) || other.plan.bootstrap.includes(name));
  return friend === undefined ? [] : others.filter(other => other !== friend);
}

/** Neither side hears of the other. */
function hide(world: World, { name }: SimulatedNode, hidden: readonly SimulatedNode[]): void {
  for (const other of hidden) {
    world.wires.cut(other.name, name);
    world.wires.cut(name, other.name);
  }
}

interface Joining {
  readonly joining: SimulatedNode;
  /** Honest machines that it does not reach. */
  readonly hidden: readonly SimulatedNode[];
  readonly told: CaughtUp;
}

async function trouble(world: World, chance: Chance, { joining, hidden, told }: Joining): Promise<void> {
  const peers = running(world).filter(node => node !== joining && !hidden.includes(node));
  const one = chance.pick(peers);
  switch (chance.pick(['a death', 'one silent', 'all silent'] as const)) {
    case 'a death':
      told.kills += 1;
      await world.kill(one);
      await world.sleep(chance.between(100, 15_000));
      world.boot(one);
      await world.untilPatiently(`${one.name} is up again`, () => one.node !== null);
      break;
    case 'one silent':
      await silence(world, chance, { from: [one.name], to: joining.name });
      hide(world, joining, hidden);
      break;
    case 'all silent':
      await silence(world, chance, { from: [...peers, ...world.attackers].map(({ name }) => name), to: joining.name });
      hide(world, joining, hidden);
      break;
  }
}

async function silence(
  world: World,
  chance: Chance,
  { from, to }: { readonly from: readonly PeerId[]; readonly to: PeerId },
): Promise<void> {
  for (const name of from) world.wires.cut(name, to);
  world.trace.add('world', 'silence', `nothing of ${from.join(', ')} reaches ${to}`);
  await world.sleep(chance.between(1_000, 20_000));
  world.wires.mend();
  world.trace.add('world', 'mend');
}

function running(world: World): readonly SimulatedNode[] {
  return world.nodes.filter(({ node }) => node !== null);
}

function heightOf(world: World, { name }: SimulatedNode): number {
  return world.checks.mirror(name)?.height ?? 0;
}

function workOf(world: World, { name }: SimulatedNode): bigint {
  return world.checks.mirror(name)?.work ?? 0n;
}

function headersOf(_world: World, { node }: SimulatedNode): number {
  return node?.engine.view().bestHeader.height ?? 0;
}

/** Height of the shortest chain of those that run. */
function lowest(world: World, nodes: readonly SimulatedNode[]): number {
  return Math.min(...nodes.filter(({ node }) => node !== null).map(node => heightOf(world, node)));
}

/** Of their branches: a shorter one may have more work. */
function leastWork(world: World, nodes: readonly SimulatedNode[]): bigint {
  const works = nodes.filter(({ node }) => node !== null).map(node => workOf(world, node));
  return works.toSorted((a, b) => Number(a - b))[0] ?? 0n;
}
