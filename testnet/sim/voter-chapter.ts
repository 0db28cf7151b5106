/**
 * The chapter about votes whose outcome their members do not know. One side has a bare majority; there members lose their power right after they
 * accepted, and the one that may know the decision is cut off. Those who come back find another leader, which was on the other side and
 * where blocks are mined has another branch: it may go on from nothing but what they tell of their votes.
 */
import type { PeerId } from '../../daemon/ports.ts';
import type { Chance } from './chance.ts';
import type { SimulatedNode } from './simulated-node.ts';
import { leaders, membersUp } from './voted-course.ts';
import type { World } from './world.ts';

export interface ToldOfVoters {
  /** Members that were struck when they had accepted what they did not know to be decided. */
  votersStruck: number;
}

/** For a decision, and for a vote: where blocks are mined several go before. */
const patienceMs = 60_000;
/** Connections outlive so long a cut, so that nobody is told what it missed by a new handshake. */
const missingMs = 9_000;
/** Messages of a member with its vote before the blow falls: some hear of it, and some do not. */
const saidMax = 3;

interface Roles {
  /** Leads at first, and may come to know what is decided. */
  readonly keeper: SimulatedNode;
  /** With the keeper a bare majority. */
  readonly voters: readonly SimulatedNode[];
  readonly rivals: readonly SimulatedNode[];
  /** Other machines on the keeper's side. */
  readonly company: readonly PeerId[];
}

export async function strikeVoters(world: World, chance: Chance, told: ToldOfVoters): Promise<void> {
  const { quorum } = world.agreement;
  // Without the one that is cut off a majority must be left.
  if (membersUp(world).length <= quorum) return;
  await world.untilPatiently('a leader', () => leaders(world).length > 0);
  const keeper = chance.pick(leaders(world));
  const others = chance.shuffle(membersUp(world).filter(member => member !== keeper));
  const [voters, rivals] = [others.slice(0, quorum - 1), others.slice(quorum - 1)];
  const company = machines(world).filter(name => ![keeper, ...others].some(member => member.name === name));
  const roles = { keeper, voters, rivals, company: company.filter(() => chance.happens(0.5)) };
  // The next decision is some blocks away, so that each side has its own.
  await untilFinal(world, keeper);
  if (chance.happens(0.5)) await strikeLate(world, chance, { roles, told });
  else await killAll(world, chance, { roles, told });
  await compete(world, chance, roles);
  world.wires.mend();
  world.trace.add('world', 'mend');
}

interface Striking {
  readonly roles: Roles;
  readonly told: ToldOfVoters;
}

/** The voters lose their power with their votes on their disks, and come back among the rivals. */
async function killAll(world: World, chance: Chance, { roles, told }: Striking): Promise<void> {
  const { keeper, voters, company } = roles;
  part(world, [[keeper.name, ...voters.map(({ name }) => name), ...company]]);
  await Promise.all(voters.map(voter => atVote(world, voter, { chance, told, strike: () => world.kill(voter) })));
  await world.sleep(chance.between(0, 1_500));
  part(world, [[keeper.name, ...company]]);
  await world.sleep(chance.between(0, 3_000));
  for (const voter of voters) world.boot(voter);
  await world.untilPatiently('the voters are up again', () => voters.every(({ node }) => node !== null));
}

/** Some voters hear of a decision when they have missed what was decided, accept the next, and are alone until they have made up for it. */
async function strikeLate(world: World, chance: Chance, { roles, told }: Striking): Promise<void> {
  const { keeper, voters, rivals, company } = roles;
  const late = voters.slice(0, rivals.length);
  await world.untilOr('a proposal', patienceMs, () => hasOpenVote(keeper));
  part(
    world,
    late.map(({ name }) => [name]),
  );
  await untilFinal(world, keeper);
  await world.sleep(chance.between(200, 600));
  const side = [keeper.name, ...company, ...voters.map(({ name }) => name)];
  part(world, [side.filter(name => !late.some(voter => voter.name === name)), ...late.map(({ name }) => [name])]);
  await world.untilOr('a proposal', missingMs, () => hasOpenVote(keeper));
  part(world, [side]);
  const deafen = async ({ name }: SimulatedNode) => {
    for (const other of machines(world)) if (other !== name) world.wires.cut(other, name);
  };
  await Promise.all(voters.map(voter => atVote(world, voter, { chance, told, strike: () => deafen(voter) })));
  await world.sleep(chance.between(0, 1_500));
  const alone = voters.map(({ name }) => [name]);
  part(world, [[keeper.name, ...company], ...alone]);
  await world.sleep(chance.between(0, 6_000));
  part(world, [[keeper.name, ...company]]);
}

/** Those without the keeper stand for election, until one of them leads and for a while more. */
async function compete(world: World, chance: Chance, { voters, rivals }: Roles): Promise<void> {
  const rest = [...rivals, ...voters];
  for (let round = chance.between(1, 3); round > 0; round--) {
    chance.pick(rest).node?.lead();
    await world.sleep(chance.between(0, 3_000));
  }
  await world.untilPatiently('another leader', () => leaders(world).some(leader => rest.includes(leader)));
  await world.sleep(chance.between(2_000, 20_000));
}

interface Blow {
  readonly chance: Chance;
  readonly told: ToldOfVoters;
  readonly strike: () => Promise<void>;
}

/** Strikes when the member has spoken with its vote, or after a while when it has none. */
async function atVote(world: World, voter: SimulatedNode, { chance, told, strike }: Blow): Promise<void> {
  let left = chance.between(1, saidMax);
  let struck: Promise<void> | null = null;
  voter.onAct = act => {
    if (struck !== null || act !== 'sent' || !hasOpenVote(voter)) return;
    left -= 1;
    if (left > 0) return;
    told.votersStruck += 1;
    world.trace.add(voter.name, 'struck');
    struck = strike();
  };
  await world.untilOr('a vote', patienceMs, () => struck !== null);
  voter.onAct = () => {};
  await (struck ?? strike());
}

/** Whether it accepted something of which it does not know that it is decided. */
function hasOpenVote({ node }: SimulatedNode): boolean {
  return node?.engine.view().kept.some(({ what, count }) => what.endsWith('tentative blocks') && count > 0) ?? false;
}

async function untilFinal(world: World, { node }: SimulatedNode): Promise<void> {
  const height = node?.engine.finalHeight() ?? 0;
  await world.untilOr('a decision', patienceMs, () => (node?.engine.finalHeight() ?? 0) > height);
}

/** Each group is by itself, and so are all that are in none. */
function part(world: World, groups: readonly (readonly PeerId[])[]): void {
  const rest = machines(world).filter(name => !groups.flat().includes(name));
  const sides = [...groups, rest];
  world.wires.mend();
  world.wires.partition(sides);
  world.trace.add('world', 'partition', sides.map(side => side.join(',')).join(' / '));
}

function machines(world: World): readonly PeerId[] {
  return [...world.nodes, ...world.attackers].map(({ name }) => name);
}
