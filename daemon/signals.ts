/** Signals of the operating system that end the daemon. */
import type { Logger } from './logging.ts';

/** A stop that takes longer is forced. */
const stopMsMax = 5_000;

/** SIGTERM and SIGINT begin the orderly stop; a second one, or one that takes too long, ends the process at once. */
export class Signals {
  readonly #log: Logger;
  #stop: (() => void) | null = null;
  #count = 0;

  constructor(log: Logger) {
    this.#log = log;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#onSignal(signal));
  }

  /** Calls back at the first signal, at once when it came already. */
  onStop(stop: () => void): void {
    this.#stop = stop;
    if (this.#count > 0) stop();
  }

  #onSignal(signal: string): void {
    this.#count += 1;
    if (this.#count > 1) process.exit(1);
    this.#log.info({ signal }, 'stopping');
    setTimeout(() => {
      this.#log.error({ afterMs: stopMsMax }, 'the stop takes too long; the process ends, the next start recovers');
      process.exit(1);
    }, stopMsMax).unref();
    this.#stop?.();
  }
}
