/** The addresses of peers, kept in the store so that they outlive a restart. */
import { allOf, rows } from '../chain/layout.ts';
import type { Clock, Store } from './ports.ts';

/** Peers and addresses that are kept; the network remembers fewer. */
const peersMax = 1_000;
const addressesPerPeerMax = 16;

export class AddressBook {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Multiaddresses that end in /p2p/<peer id>. */
  async load(): Promise<readonly string[]> {
    const page = await this.#peerRows();
    return page.flatMap(row => rows.peer.decode(row.value).addresses);
  }

  /** Replaces what is kept. */
  async save(addresses: readonly string[]): Promise<void> {
    const byPeer = new Map<string, string[]>();
    for (const address of addresses) {
      const peer = address.split('/p2p/').at(-1) ?? '';
      byPeer.set(peer, [...(byPeer.get(peer) ?? []), address].slice(0, addressesPerPeerMax));
    }
    const gone = (await this.#peerRows()).filter(row => !byPeer.has(rows.peer.placeOf(row.key)));
    const kept = [...byPeer].slice(0, peersMax);
    const seenMs = this.#clock.now();
    const puts = kept.map(([peer, known]) => rows.peer.put(peer, { addresses: known, seenMs }));
    await this.#store.write([...gone.map(row => ({ key: row.key, value: null })), ...puts], 'lazy', 'address-book');
  }

  #peerRows() {
    return this.#store.range({ ...allOf(rows.peer), limit: peersMax, order: 'ascending' });
  }
}
