/**
 * What the story waits for, by the engine: where blocks are mined both sides of a split grow and one of them is undone; where members
 * vote one side goes on, the other waits, and nothing is ever undone.
 */
import type { PeerId } from '../../daemon/ports.ts';
import type { Chance } from './chance.ts';
import type { World } from './world.ts';

export interface Course {
  /** Until a split has had its effect; true when each side has a branch of its own, of which all but one must go. */
  untilParted(world: World, chance: Chance, sides: readonly (readonly PeerId[])[]): Promise<boolean>;
  /** Until the split is over for everyone, once its links are mended. */
  untilJoined(world: World): Promise<void>;
  /** No new blocks until the returned function is called. */
  hush(world: World): () => void;
  /** All is healed: what must go on goes on, while clients still act. */
  goOn(world: World): Promise<void>;
  /** All that was sent is included: everyone comes to one head. */
  settle(world: World): Promise<void>;
}
