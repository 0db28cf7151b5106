/** What happened, one line an event, hashed as it is written: two runs are the same when their hashes are. */
import { createHash } from 'node:crypto';
import { toHex } from '../../chain/bytes.ts';
import type { VirtualTime } from './virtual-time.ts';

export class Trace {
  readonly #time: VirtualTime;
  readonly #onLine: (line: string) => void;
  readonly #hash = createHash('sha256');
  #lines = 0;

  /** `onLine` gets each line without its end. */
  constructor(time: VirtualTime, onLine: (line: string) => void) {
    this.#time = time;
    this.#onLine = onLine;
  }

  get lines(): number {
    return this.#lines;
  }

  /** `who` is a node or `world`; `what` says the rest in words. */
  add(who: string, kind: string, what = ''): void {
    const line = `${this.#time.nowMs.toFixed(3)} ${who} ${kind} ${what}`.trimEnd();
    this.#hash.update(`${line}\n`);
    this.#lines += 1;
    this.#onLine(line);
  }

  /** SHA-256 of all lines so far, in hexadecimal. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

/** The beginning of a hash, as traces name it. */
export function short(hash: Uint8Array): string {
  return toHex(hash.subarray(0, 4));
}
