/**
 * One thread's search: batches of 64-byte inputs, contentHash || nonce, hashed at once by the batch hasher and compared with the
 * target. A nonce is 16 random bytes of the thread, so that no two threads of the world try the same, and a counter.
 */
import { hashPairsInto } from '../../chain/hash.ts';
import type { MiningJob } from '../ports.ts';

/** Hashes in one call of the batch hasher: the fastest size, and about 25 us of work between two looks at the clock. */
export const batchSizeMax = 512;

const inputLength = 64;
const hashLength = 32;
const wordsPerInput = inputLength / 4;
const lowCounterWord = 15;
const highCounterWord = 14;

export class NonceSearch {
  readonly #input = new Uint8Array(batchSizeMax * inputLength);
  readonly #words = new Uint32Array(this.#input.buffer);
  readonly #output = new Uint8Array(batchSizeMax * hashLength);
  readonly #prefix: Uint8Array;
  #target: Uint8Array = new Uint8Array(hashLength);
  #counter = 0;
  #counterHigh = 0;

  /** `prefix` is the thread's 16 random bytes. */
  constructor(prefix: Uint8Array) {
    this.#prefix = prefix;
  }

  /** The next tries are for this job. The counter goes on, so that no nonce is tried twice. */
  setJob({ contentHash, target }: MiningJob): void {
    this.#target = target;
    for (let start = 0; start < this.#input.length; start += inputLength) {
      this.#input.set(contentHash, start);
      this.#input.set(this.#prefix, start + hashLength);
    }
    this.#writeHighCounter();
  }

  /** Tries `count` nonces, at most a batch. Returns the first one whose hash is at most the target, or null. */
  tryNonces(count: number): Uint8Array | null {
    const first = this.#counter;
    if (first + batchSizeMax > 0xffffffff) return this.#tryAfterCarry(count);
    for (let index = 0; index < count; index++) this.#words[index * wordsPerInput + lowCounterWord] = first + index;
    this.#counter = first + count;
    const isWhole = count === batchSizeMax;
    hashPairsInto(
      isWhole ? this.#input : this.#input.subarray(0, count * inputLength),
      isWhole ? this.#output : this.#output.subarray(0, count * hashLength),
    );
    return this.#firstAtMostTarget(count);
  }

  #tryAfterCarry(count: number): Uint8Array | null {
    this.#counter = 0;
    this.#counterHigh++;
    this.#writeHighCounter();
    return this.tryNonces(count);
  }

  #writeHighCounter(): void {
    for (let word = highCounterWord; word < this.#words.length; word += wordsPerInput) {
      this.#words[word] = this.#counterHigh;
    }
  }

  #firstAtMostTarget(count: number): Uint8Array | null {
    const targetTop = this.#target[0] ?? 0;
    for (let index = 0; index < count; index++) {
      if ((this.#output[index * hashLength] ?? 0) > targetTop) continue;
      if (this.#isAtMostTarget(index * hashLength)) {
        return this.#input.slice(index * inputLength + hashLength, (index + 1) * inputLength);
      }
    }
    return null;
  }

  #isAtMostTarget(start: number): boolean {
    for (let index = 0; index < hashLength; index++) {
      const difference = (this.#output[start + index] ?? 0) - (this.#target[index] ?? 0);
      if (difference !== 0) return difference < 0;
    }
    return true;
  }
}
