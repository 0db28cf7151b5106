/** Chapters about members: elections that compete, leaders that die between two acts, and a power cut of the whole hall. */
import type { Chance } from './chance.ts';
import type { Act, SimulatedNode } from './simulated-node.ts';
import { leaders, membersUp } from './voted-course.ts';
import type { World } from './world.ts';

export interface ToldOfMembers {
  /** Times that members were asked to stand for election at once. */
  duels: number;
  /** Leaders killed between two of their acts. */
  leadersKilled: number;
  blackouts: number;
  /** The longest time from a duel to a leader, virtual milliseconds. */
  leaderlessMsMax: number;
}

/** Acts that are counted before the blow falls; a block takes a leader some ten. */
const actsMax = 40;
const actPatienceMs = 30_000;

/** Members are asked to lead again and again, nearly at the same moment. */
export async function duel(world: World, chance: Chance, told: ToldOfMembers): Promise<void> {
  for (let round = chance.between(1, 6); round > 0; round--) {
    const members = chance.shuffle(membersUp(world));
    for (const { node } of members.slice(0, chance.between(2, members.length))) {
      node?.lead();
      if (chance.happens(0.5)) await world.sleep(chance.between(0, 300));
    }
    await world.sleep(chance.between(0, 1_500));
  }
  told.duels += 1;
  await awaitLeader(world, told);
}

async function awaitLeader(world: World, told: ToldOfMembers): Promise<void> {
  const beginMs = world.time.nowMs;
  await world.untilPatiently('a leader', () => leaders(world).length > 0);
  told.leaderlessMsMax = Math.max(told.leaderlessMsMax, Math.round(world.time.nowMs - beginMs));
}

/** Whoever leads dies at one of its next acts: it has written and not said, or said to one and not to the others. */
export async function killLeader(world: World, chance: Chance, told: ToldOfMembers): Promise<void> {
  await world.untilPatiently('a leader', () => leaders(world).length > 0);
  const leader = chance.pick(leaders(world));
  if (!(await killAtAct(world, leader, chance))) return;
  told.leadersKilled += 1;
  await world.sleep(chance.between(100, 15_000));
  await comeBack(world, [leader]);
}

/** Kills a machine between two of its acts, or after a while when it does nothing; false when it died of something else. */
export async function killAtAct(world: World, victim: SimulatedNode, chance: Chance): Promise<boolean> {
  const wanted = chance.pick<Act | null>(['handed over', 'durable', 'sent', null]);
  let left = chance.between(1, actsMax);
  let dying: Promise<void> | null = null;
  victim.onAct = act => {
    if (dying !== null || (wanted !== null && act !== wanted)) return;
    left -= 1;
    if (left <= 0) dying = world.kill(victim);
  };
  await world.untilOr('an act', actPatienceMs, () => dying !== null || victim.node === null);
  victim.onAct = () => {};
  if (dying === null && victim.node === null) return false;
  await (dying ?? world.kill(victim));
  return true;
}

/** All members lose their power; they come back one after the other. */
export async function blackout(world: World, chance: Chance, told: ToldOfMembers): Promise<void> {
  await world.sleep(chance.between(0, 4_000));
  const members = membersUp(world);
  told.blackouts += 1;
  await Promise.all(members.map(member => world.kill(member)));
  for (const member of chance.shuffle(members)) {
    await world.sleep(chance.between(0, 3_000));
    world.boot(member);
  }
  await world.untilPatiently('all are up again', () => members.every(({ node }) => node !== null));
}

async function comeBack(world: World, victims: readonly SimulatedNode[]): Promise<void> {
  for (const victim of victims) world.boot(victim);
  await world.untilPatiently('they are up again', () => victims.every(({ node }) => node !== null));
}
