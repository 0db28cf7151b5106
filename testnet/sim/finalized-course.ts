/** The course of a chain that is mined and of which members make blocks final (course.ts). */
import type { Course } from './course.ts';
import { minedCourse } from './mined-course.ts';

/** The committee elects a leader, and a checkpoint is some blocks away. */
const catchUpMs = 180_000;

export const finalizedCourse: Course = {
  ...minedCourse,
  /** F-7: once a majority is back, what was mined without it becomes final, everywhere. */
  goOn: async world => {
    const height = Math.max(...world.mirrors().map(mirror => mirror.height));
    const isFinal = () => world.nodes.every(({ node }) => (node?.engine.finalHeight() ?? 0) >= height);
    await world.until(`block ${height} is final everywhere`, catchUpMs, isFinal);
  },
};
