/** Which course the story takes, by how the engine's blocks come about. */
import type { EngineName } from '../../chain/genesis.ts';
import { hasMembers, minesBlocks } from '../../chain/params.ts';
import type { Course } from './course.ts';
import { finalizedCourse } from './finalized-course.ts';
import { minedCourse } from './mined-course.ts';
import { votedCourse } from './voted-course.ts';

export function courseOf(engine: EngineName): Course {
  if (!minesBlocks(engine)) return votedCourse;
  return hasMembers(engine) ? finalizedCourse : minedCourse;
}
