/** Reads that must miss nothing which was acknowledged before: asked of the engine, and answered when it says so. */
import type { Clock, Random } from './ports.ts';

export interface CertainReadsParts {
  readonly clock: Clock;
  /** Each life of a node numbers its reads from elsewhere: an answer to the one before is none to this one. */
  readonly random: Random;
  /** Tells the engine of a read. */
  readonly ask: (id: number) => void;
}

/** Most engines answer sooner; this is for those whose time-outs are long. */
const waitMs = 30_000;

/** Four billion lives, each with two million reads before it meets the next one's, stay whole numbers that a message can hold. */
const numbersPerLife = 2 ** 21;

export class CertainReads {
  readonly #parts: CertainReadsParts;
  readonly #waiting = new Map<number, (isReadable: boolean) => void>();
  #asked: number;
  #isStopped = false;

  constructor(parts: CertainReadsParts) {
    this.#parts = parts;
    this.#asked = new DataView(parts.random.bytes(8).buffer).getUint32(0) * numbersPerLife;
  }

  /** True when the head holds all that was acknowledged before the call; false when nobody can tell. */
  async begin(): Promise<boolean> {
    if (this.#isStopped) return false;
    this.#asked += 1;
    const id = this.#asked;
    const cancel = this.#parts.clock.setTimer(waitMs, () => this.answer(id, false));
    const answered = new Promise<boolean>(resolve => this.#waiting.set(id, resolve));
    this.#parts.ask(id);
    try {
      return await answered;
    } finally {
      cancel();
    }
  }

  answer(id: number, isReadable: boolean): void {
    this.#waiting.get(id)?.(isReadable);
    this.#waiting.delete(id);
  }

  /** Nobody answers any more. */
  stop(): void {
    this.#isStopped = true;
    for (const id of this.#waiting.keys()) this.answer(id, false);
  }
}
