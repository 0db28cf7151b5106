/** Waiting for a condition, with a limit: the only way in which tests and scenarios wait. */
import { setTimeout as pause } from 'node:timers/promises';
import { KvchainError } from '../chain/errors.ts';

const everyMs = 50;

/** Asks until the answer is neither null nor false, and gives it. Throws TIMED_OUT after `limitMs`. */
export async function until<T>(what: string, limitMs: number, ask: () => Promise<T | null | false>): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    if (performance.now() > end) throw new KvchainError('TIMED_OUT', `waited ${limitMs} ms for ${what}`);
    await pause(everyMs);
  }
}
