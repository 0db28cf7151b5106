/** The course of a chain that is mined (course.ts). */
import type { PeerId } from '../../daemon/ports.ts';
import type { ChainMirror } from './chain-mirror.ts';
import type { Course } from './course.ts';
import type { World } from './world.ts';

/** How deep the branches of a partition are, at least. */
export const branchDepth = 2;

export const minedCourse: Course = {
  /** The best chains of both sides left each other two blocks ago and one is heavier: the other side must undo them. */
  untilParted: async (world, _chance, sides) => {
    await world.untilPatiently('two branches', () => haveBranches(world, sides));
    return true;
  },
  untilJoined: world => world.untilPatiently('one branch', () => !isDivided(world)),
  hush: world => {
    const miners = [...world.nodes, ...world.attackers];
    for (const miner of miners) miner.stopMining();
    return () => {
      for (const miner of miners) miner.startMining();
    };
  },
  goOn: async () => {},
  /** One miner alone cannot tie with itself: its next blocks decide between equal tips. */
  settle: async world => {
    const [miner, ...others] = world.nodes;
    for (const node of others) node.stopMining();
    const height = Math.max(...world.mirrors().map(mirror => mirror.height));
    await world.untilPatiently('one head', () => world.mirrors().every(mirror => mirror.height >= height + 2));
    miner?.stopMining();
  },
};

/** True when each side has blocks that the other lacks, and one branch is to win. */
export function haveBranches(world: World, sides: readonly (readonly PeerId[])[]): boolean {
  const [one, other] = sides.map(side => best(world, side));
  if (!one || !other || one.work === other.work) return false;
  return Math.min(one.height, other.height) - one.commonHeight(other) >= branchDepth;
}

/** True while a node that is up has a chain that differs from the best in more than the newest blocks. */
function isDivided(world: World): boolean {
  const heaviest = best(
    world,
    world.nodes.map(({ name }) => name),
  );
  if (heaviest === null) return true;
  return world
    .mirrors()
    .some(other => Math.min(heaviest.height, other.height) - heaviest.commonHeight(other) >= branchDepth);
}

function best(world: World, side: readonly PeerId[]): ChainMirror | null {
  let found: ChainMirror | null = null;
  for (const name of side) {
    const mirror = world.checks.mirror(name);
    if (mirror !== null && (found === null || mirror.work > found.work)) found = mirror;
  }
  return found;
}
