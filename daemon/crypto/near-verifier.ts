/**
 * The Verifier of a daemon: a few small checks are done at once by the native library, which costs less than to hand them to a thread and
 * to be woken by its answer; all else goes to threads, which are started when they are first needed.
 */
import { curveFallback } from '../../chain/keys.ts';
import type { SignatureCheck, Verifier } from '../ports.ts';
import { InlineVerifier } from './inline-verifier.ts';

/** Together at most about a third of a millisecond on the main thread. */
export const checksNearMax = 4;
const messageBytesNearMax = 16_384;

export interface NearVerifierOptions {
  /** Makes the threads. */
  readonly startThreads: () => Verifier;
  /** Whether one check takes microseconds; by default whether the native library loaded. */
  readonly isFast?: boolean;
}

export class NearVerifier implements Verifier {
  readonly #near = new InlineVerifier();
  readonly #startThreads: () => Verifier;
  readonly #isFast: boolean;
  #threads: Verifier | null = null;

  constructor({ startThreads, isFast = curveFallback() === null }: NearVerifierOptions) {
    this.#startThreads = startThreads;
    this.#isFast = isFast;
  }

  /** Errors of the threads, for what goes to them. */
  verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
    if (this.#isFast && isLittle(checks)) return this.#near.verify(checks);
    this.#threads ??= this.#startThreads();
    return this.#threads.verify(checks);
  }

  async close(): Promise<void> {
    await this.#threads?.close();
  }
}

function isLittle(checks: readonly SignatureCheck[]): boolean {
  if (checks.length > checksNearMax) return false;
  return checks.reduce((bytes, { message }) => bytes + message.length, 0) <= messageBytesNearMax;
}
