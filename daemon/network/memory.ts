/** Remembers peers over restarts, so that a node finds its network again without its bootstrap peers, and among old friends (P1). */
import { parseAddress } from './addresses.ts';
import type { Candidates } from './candidates.ts';
import { type Surroundings, textOf } from './conduct.ts';

/** Where addresses of peers outlive a restart. Failures are logged, not passed on. */
export interface AddressBook {
  load(): Promise<readonly string[]>;
  save(addresses: readonly string[]): Promise<void>;
}

/** How often they are saved while the node runs. */
const saveIntervalMs = 60_000;

export class AddressMemory {
  readonly #surroundings: Surroundings;
  readonly #candidates: Candidates;
  readonly #book: AddressBook;
  #cancelTimer: () => void = () => {};

  constructor(surroundings: Surroundings, candidates: Candidates, book: AddressBook) {
    this.#surroundings = surroundings;
    this.#candidates = candidates;
    this.#book = book;
  }

  /** Adds what is remembered, and saves from now on. Only what was proven is remembered, so it still is; anchors stand first. */
  async start(): Promise<void> {
    const { limits, log } = this.#surroundings;
    try {
      const known = await this.#book.load();
      const addresses = known.slice(0, limits.rememberedMax).map(parseAddress);
      this.#candidates.remember(addresses.filter(address => address !== null));
    } catch (error) {
      log.warn({ error: textOf(error) }, 'remembered peers cannot be read');
    }
    this.#saveLater();
  }

  async stop(): Promise<void> {
    this.#cancelTimer();
    await this.#save();
  }

  async #save(): Promise<void> {
    const { limits, log, sessions } = this.#surroundings;
    const outbound = sessions.all().filter(({ direction, isWelcome }) => direction === 'outbound' && isWelcome);
    const oldestFirst = outbound.sort((a, b) => a.connectedSinceMs - b.connectedSinceMs);
    this.#candidates.anchor(oldestFirst.map(({ peer }) => peer));
    const addresses = this.#candidates.proven(limits.rememberedMax);
    if (addresses.length === 0) return;
    try {
      await this.#book.save(addresses.map(address => address.text));
    } catch (error) {
      log.warn({ error: textOf(error) }, 'peers cannot be remembered');
    }
  }

  #saveLater(): void {
    this.#cancelTimer = this.#surroundings.clock.setTimer(saveIntervalMs, () => {
      void this.#save(); // It logs its failures.
      this.#saveLater();
    });
  }
}
