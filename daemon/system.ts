/** The ports to this machine's own time and chance. */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Clock, Random } from './ports.ts';

/** setTimeout fires at once beyond 2^31 - 1 ms, so a longer wait is cut into parts. */
const timerMsMax = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(afterMs, callback) {
    // A timeout of 0 is one of 1 ms, and those that are due run together before sockets are looked at again.
    if (afterMs === 0) {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    }
    const due = performance.now() + afterMs;
    let timer: NodeJS.Timeout;
    const wait = () => {
      const leftMs = Math.max(0, due - performance.now());
      timer = leftMs > timerMsMax ? setTimeout(wait, timerMsMax) : setTimeout(callback, Math.ceil(leftMs));
    };
    wait();
    return () => clearTimeout(timer);
  },
};

export const systemRandom: Random = {
  // A copy: what randomBytes returns may share its memory with other small Buffers.
  bytes: length => Uint8Array.from(randomBytes(length)),
};
