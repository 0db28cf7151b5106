/**
 * What blocks hold, decoded once for many questions: peers ask for the transactions of a new block, and clients for those that they
 * wait for, each of them many times. A hash names its block for ever, so nothing here can be stale.
 */
import { toHex } from '../chain/bytes.ts';
import type { Receipt } from '../chain/receipt.ts';
import type { Transaction } from '../chain/transaction.ts';
import type { ChainStore } from './chain-store.ts';

/** Blocks whose transactions are kept decoded. */
const decodedBlocksMax = 4;

/** Blocks whose receipts are kept decoded: small beside transactions, and asked for at each new head by all who wait. */
const decodedReceiptsMax = 16;

export interface DecodedBody {
  readonly transactions: readonly Transaction[];
  /** By witnessId in hexadecimal. */
  readonly byWitness: ReadonlyMap<string, Transaction>;
}

export class DecodedBlocks {
  readonly #chain: ChainStore;
  readonly #bodies = new Newest<DecodedBody>(decodedBlocksMax);
  readonly #receipts = new Newest<readonly Receipt[]>(decodedReceiptsMax);

  constructor(chain: ChainStore) {
    this.#chain = chain;
  }

  /** The transactions of a stored block; null when it is not stored. One that was pruned meanwhile may still be kept. */
  body(hash: Uint8Array): Promise<DecodedBody | null> {
    return this.#bodies.get(toHex(hash), async () => {
      const transactions = await this.#chain.transactions(hash);
      if (transactions === null) return null;
      return { transactions, byWitness: new Map(transactions.map(each => [each.witnessIdHex, each])) };
    });
  }

  /** The receipts of a block that is or was canonical; null when they are not stored. */
  receipts(hash: Uint8Array): Promise<readonly Receipt[] | null> {
    return this.#receipts.get(toHex(hash), () => this.#chain.receipts(hash));
  }
}

const perChain = new WeakMap<ChainStore, DecodedBlocks>();

/** The one of this store, which all who read it share. */
export function decodedBlocksOf(chain: ChainStore): DecodedBlocks {
  const known = perChain.get(chain) ?? new DecodedBlocks(chain);
  perChain.set(chain, known);
  return known;
}

/** The values that were read last, at most `max`; who asks for one that is being read waits for the same reading. */
class Newest<T> {
  readonly #max: number;
  readonly #kept = new Map<string, Promise<T | null>>();

  constructor(max: number) {
    this.#max = max;
  }

  get(name: string, read: () => Promise<T | null>): Promise<T | null> {
    const known = this.#kept.get(name);
    if (known !== undefined) return known;
    const reading = read();
    this.#kept.set(name, reading);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > this.#max) this.#kept.delete(oldest);
    const forget = () => {
      if (this.#kept.get(name) === reading) this.#kept.delete(name);
    };
    // What is not there now may come, and a fault may pass; the asker hears of it.
    void reading.then(value => value ?? forget(), forget);
    return reading;
  }
}
