/**
 * Chance under a seed: xoshiro128** (Blackman and Vigna, 2018), its state the SHA-256 of the seed and of a name. Each purpose draws from
 * a stream of its own name, so one more draw in one place does not shift all the others. Not for secrets.
 */
import { toUtf8 } from '../../chain/bytes.ts';
import { sha256 } from '../../chain/hash.ts';

export class Chance {
  readonly #seed: bigint;
  readonly #name: string;
  readonly #state: Uint32Array;

  constructor(seed: bigint, name: string) {
    this.#seed = seed;
    this.#name = name;
    const digest = sha256(toUtf8(`kvchain/simulator/${seed}/${name}`));
    const view = new DataView(digest.buffer, digest.byteOffset, 16);
    this.#state = Uint32Array.from({ length: 4 }, (_, index) => view.getUint32(index * 4));
  }

  /** Another stream, which does not depend on what was drawn from this one. */
  stream(name: string): Chance {
    return new Chance(this.#seed, `${this.#name}/${name}`);
  }

  /** From 0 to 2^32 - 1. */
  next(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    this.#state.set([a ^ d ^ b, b ^ c ^ a, c ^ a ^ (b << 9), rotate(d ^ b, 11)]);
    return result;
  }

  /** From 0 up to, but not including, 1. */
  fraction(): number {
    return this.next() / 2 ** 32;
  }

  /** An integer from `min` to `max`, both possible. */
  between(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  happens(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  /** The items in another order. */
  shuffle<T>(items: readonly T[]): T[] {
    const left = [...items];
    const shuffled: T[] = [];
    while (left.length > 0) shuffled.push(...left.splice(this.between(0, left.length - 1), 1));
    return shuffled;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.next() & 0xff);
  }
}

function rotate(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count));
}
