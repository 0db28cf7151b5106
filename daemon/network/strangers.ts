/**
 * Peers that this node dialled and that are of another network: they ban whoever comes from elsewhere, and hang up when he comes again, so
 * what they said the first time is kept for whoever asks why nobody is connected.
 */
import type { PeerId } from '../ports.ts';
import { Refused } from './handshake.ts';
import type { NetworkLog } from './log.ts';

export class Strangers {
  readonly #log: NetworkLog;
  readonly #max: number;
  readonly #refusals = new Map<PeerId, Refused>();

  constructor(log: NetworkLog, max: number) {
    this.#log = log;
    this.#max = max;
  }

  get count(): number {
    return this.#refusals.size;
  }

  /** Why no handshake with this peer came to a good end: what it said once explains that it hangs up now. */
  judge(peer: PeerId, error: unknown): unknown {
    if (!(error instanceof Refused) || error.code !== 'WRONG_NETWORK') return this.#refusals.get(peer) ?? error;
    if (this.#refusals.size === 0) {
      const { message: detail } = error;
      this.#log.warn(
        { peer, detail },
        'a peer is of another network: the genesis.json of this data folder is not its genesis',
      );
    }
    this.#refusals.set(peer, error);
    const [oldest] = this.#refusals.keys();
    if (this.#refusals.size > this.#max && oldest !== undefined) this.#refusals.delete(oldest);
    return error;
  }

  /** It was welcomed: it has our genesis now. */
  delete(peer: PeerId): void {
    this.#refusals.delete(peer);
  }
}
