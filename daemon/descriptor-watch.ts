/**
 * Tells the operator when the process has no file descriptors left. The system then accepts no connection, and what is open goes on;
 * but nobody can ask the node what is wrong, so the log has to say it at once, and a counter keeps it until somebody can ask again.
 */
import { close, open } from 'node:fs';
import { devNull } from 'node:os';
import type { Logger } from './logging.ts';

const lookMs = 1_000;

export class DescriptorWatch {
  readonly #log: Logger;
  readonly #onShortage: () => void;
  readonly #timer: NodeJS.Timeout;
  #isShort = false;

  /** Looks once a second, and calls back once for each shortage that begins. */
  constructor(log: Logger, onShortage: () => void) {
    this.#log = log;
    this.#onShortage = onShortage;
    this.#timer = setInterval(() => this.#look(), lookMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** There is one left when one can be had. */
  #look(): void {
    open(devNull, (error, descriptor) => {
      if (error === null) close(descriptor);
      const isShort = error?.code === 'EMFILE' || error?.code === 'ENFILE';
      if (isShort === this.#isShort) return;
      this.#isShort = isShort;
      if (isShort) this.#tellShortage();
      else this.#log.info({}, 'there are file descriptors again');
    });
  }

  #tellShortage(): void {
    this.#onShortage();
    this.#log.error(
      {},
      'no file descriptors are left: no connection is accepted until some close; raise the limit (ulimit -n, LimitNOFILE=)',
    );
  }
}
