/** The course of a chain that is mined and of which members make blocks final (course.ts). */
import type { PeerId } from '../../daemon/ports.ts';
import type { Course } from './course.ts';
import { haveBranches, minedCourse } from './mined-course.ts';
import type { World } from './world.ts';

/** The committee elects a leader, and a checkpoint is some blocks away. */
const catchUpMs = 180_000;

/** A template is away for a moment with every block. */
const waitingMs = 20_000;

export const finalizedCourse: Course = {
  ...minedCourse,
  /** F-5: who was told of a final block and cut off before it came does not mine, as all that it could find would have to go. */
  untilParted: async (world, _chance, sides) => {
    let sinceMs: number | null = null;
    await world.untilPatiently('two branches, or a side that waits for a final block', () => {
      const { nowMs } = world.time;
      sinceMs = sides.some(side => isWaiting(world, side)) ? (sinceMs ?? nowMs) : null;
      return haveBranches(world, sides) || (sinceMs !== null && nowMs - sinceMs >= waitingMs);
    });
    return haveBranches(world, sides);
  },
  /** F-7: once a majority is back, what was mined without it becomes final, everywhere. */
  goOn: async world => {
    if (world.attackers.some(({ plan }) => plan.member !== null)) return;
    const height = Math.max(...world.mirrors().map(mirror => mirror.height));
    const isFinal = () => world.nodes.every(({ node }) => (node?.engine.finalHeight() ?? 0) >= height);
    await world.until(`block ${height} is final everywhere`, catchUpMs, isFinal);
  },
};

/** Nobody of them has a block to look for. */
function isWaiting(world: World, side: readonly PeerId[]): boolean {
  const nodes = world.nodes.filter(({ name, node }) => node !== null && side.includes(name));
  return nodes.length > 0 && nodes.every(({ node }) => node?.producer.template === null);
}
