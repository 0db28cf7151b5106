/** How an event of the node wakes who waits for what it changed, without the waiter ever looking at a clock. */

/**
 * Wakes one waiter at every ring, and for good when the signal aborts. A ring between two waits is not lost: the waiter takes a mark
 * before it looks, and waits for a ring after that mark.
 */
export class Bell {
  #rings = 0;
  #wake: () => void = () => {};
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /** How often it has rung. */
  mark(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings++;
    this.#wake();
  }

  /** Resolves at the first ring after `mark`, or at the abort; at once when either was. */
  async nextAfter(mark: number): Promise<void> {
    if (this.#rings !== mark || this.#signal.aborted) return;
    await new Promise<void>(resolve => {
      this.#wake = resolve;
    });
  }
}
