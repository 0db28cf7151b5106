/** Signals of the operating system: those that end the daemon, and SIGHUP, at which it reads its certificates again. */
import type { Logger } from './logging.ts';

/** A stop that takes longer is forced. */
const stopMsMax = 5_000;

/**
 * SIGTERM and SIGINT begin the orderly stop; a second one, or one that takes too long, ends the process at once. SIGHUP never ends it,
 * also not while parts still open.
 */
export class Signals {
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #reload: (() => void) | null = null;
  #count = 0;

  constructor(log: Logger) {
    this.#log = log;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#onSignal(signal));
    process.on('SIGHUP', () => this.#onReload());
  }

  /** Aborts at the first signal to stop. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Calls back at each SIGHUP. */
  onReload(reload: () => void): void {
    this.#reload = reload;
  }

  #onReload(): void {
    if (this.#reload === null) this.#log.info({ signal: 'SIGHUP' }, 'there is nothing to read again');
    else this.#reload();
  }

  #onSignal(signal: string): void {
    this.#count += 1;
    if (this.#count > 1) process.exit(1);
    this.#log.info({ signal }, 'stopping');
    setTimeout(() => {
      this.#log.error({ afterMs: stopMsMax }, 'the stop takes too long; the process ends, the next start recovers');
      process.exit(1);
    }, stopMsMax).unref();
    this.#stopping.abort();
  }
}
