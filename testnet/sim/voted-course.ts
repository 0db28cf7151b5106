/** The course of a chain on whose blocks members vote (course.ts). */
import type { Course } from './course.ts';
import type { SimulatedNode } from './simulated-node.ts';
import type { World } from './world.ts';

/** From when a majority is connected: elections, and what they wait for that lost theirs. */
const leaderMs = 60_000;
/** Blocks that everybody must have in the end beyond what the first had when all was healed. */
const blocksOn = 2;
const goOnMs = 120_000;

export const votedCourse: Course = {
  /** A side with a majority has a leader; that no other side decides anything the oracle sees. */
  untilParted: async (world, chance, sides) => {
    await world.sleep(chance.between(2_000, 40_000));
    for (const side of sides) {
      const members = membersUp(world).filter(({ name }) => side.includes(name));
      if (members.length < world.agreement.quorum) continue;
      await world.until(`a leader among ${side.join(',')}`, leaderMs, () => members.some(isLeader));
    }
    return false;
  },
  untilJoined: async world => {
    if (membersUp(world).length < world.agreement.quorum) return;
    await world.until('a leader', leaderMs, () => membersUp(world).some(isLeader));
  },
  /** Without transactions no block is made. */
  hush: world => {
    world.workload.stop();
    return () => world.workload.start();
  },
  goOn: async world => {
    const height = Math.max(...world.mirrors().map(mirror => mirror.height));
    const isFurther = () => world.mirrors().every(mirror => mirror.height >= height + blocksOn);
    await world.until(`${blocksOn} blocks more everywhere`, goOnMs, isFurther);
  },
  settle: async world => {
    const heightOf = () => new Set(world.mirrors().map(mirror => mirror.height));
    await world.untilPatiently('one head', () => heightOf().size === 1);
  },
};

export function membersUp(world: World): readonly SimulatedNode[] {
  return world.nodes.filter(({ plan, node }) => plan.member !== null && node !== null);
}

function isLeader({ node }: SimulatedNode): boolean {
  return node?.engine.view().role === 'leader';
}

/** Who leads, in its own eyes; somebody who was deposed and does not know it may be among them. */
export function leaders(world: World): readonly SimulatedNode[] {
  return membersUp(world).filter(isLeader);
}
