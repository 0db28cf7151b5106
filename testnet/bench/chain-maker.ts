/** Makes the chain that a benchmark imports: real blocks, executed and sealed as any producer's, at almost no proof of work. */
import { type Block, blockHash, contentHash, producerDigest, seal } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import { chainIdOf, type Genesis } from '../../chain/genesis.ts';
import { makeGenesisBlock } from '../../chain/genesis-block.ts';
import { sha256 } from '../../chain/hash.ts';
import { publicKeyOf, sign } from '../../chain/keys.ts';
import { defaultParams } from '../../chain/params.ts';
import { bitsForLeadingZeros, decodeBits, hashMeetsTarget } from '../../chain/target.ts';
import type { Transaction } from '../../chain/transaction.ts';
import { ChainStore } from '../../daemon/chain-store.ts';
import { createChain } from '../../daemon/genesis-store.ts';
import { LedgerWriter } from '../../daemon/ledger-writer.ts';
import type { Store } from '../../daemon/ports.ts';
import { openLevelStore } from '../../daemon/store/level-store.ts';
import { systemClock } from '../../daemon/system.ts';

/** Long ago, so that blocks a second apart are never in the future. */
const ageMs = 864_000_000;
const blockMs = 1_000;
const secretKey = sha256(Uint8Array.of(7));

/** A network where a hash in two is a proof of work; `zeroBits` and `targetMs` are for one that mines. */
export function benchGenesis(name: string, { zeroBits = 1, targetMs = blockMs } = {}): Genesis {
  const bits = bitsForLeadingZeros(zeroBits);
  const params = { ...defaultParams('pow', { targetMs, testNetwork: 1 }), retarget: 'fixed', bits } as const;
  const time = Math.floor((Date.now() - ageMs) / blockMs) * blockMs;
  return {
    version: 1,
    name,
    engine: 'pow',
    time,
    schedule: [{ height: 0, params: { ...params, maxTargetBits: bits, safeConfirmations: 1 } }],
    members: [],
    minters: [],
    allocations: [],
  };
}

export class ChainMaker {
  readonly genesis: Genesis;
  readonly chain: ChainStore;
  readonly #store: Store;
  readonly #ledger: LedgerWriter;
  readonly #publicKey = publicKeyOf(secretKey);

  private constructor(genesis: Genesis, store: Store, ledger: LedgerWriter) {
    this.genesis = genesis;
    this.chain = new ChainStore(store);
    this.#store = store;
    this.#ledger = ledger;
  }

  /** A chain of block 0, kept in a new folder. It need not survive, so nothing waits for the disk. */
  static async create(genesis: Genesis, folder: string): Promise<ChainMaker> {
    const store = notSynced(await openLevelStore({ folder, chainIdHex: toHex(chainIdOf(genesis)) }));
    const chain = new ChainStore(store);
    await createChain(chain, genesis, makeGenesisBlock(genesis));
    const ledger = await LedgerWriter.open({
      genesis,
      chain,
      clock: systemClock,
      durability: 'durable',
      onStep: async () => {},
    });
    return new ChainMaker(genesis, store, ledger);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  get height(): number {
    return this.#ledger.head.header.height;
  }

  /** Appends a block of these transactions, all of them. */
  async grow(transactions: readonly Transaction[]): Promise<void> {
    const { header: parent, hash } = this.#ledger.head;
    const timeMin = parent.time + blockMs;
    const template = {
      parent: hash,
      height: parent.height + 1,
      bits: parent.bits,
      timeMin,
      extension: parent.extension,
      nonce: 'search' as const,
      when: 'at once' as const,
    };
    const order = { producer: this.#publicKey, time: timeMin, transactions };
    const candidate = await this.#ledger.prepare(template, order);
    if (candidate === null || candidate.transactions.length < transactions.length) {
      throw new Error(`block ${template.height} does not take all ${transactions.length} transactions`);
    }
    const block = this.#seal(candidate);
    await this.chain.putBlock(block, new Uint8Array(0), { name: 'peer-block', durability: 'lazy' });
    const { invalid } = await this.#ledger.switchTo({ ancestor: hash, undo: [], apply: [block.hash] });
    if (invalid) throw new Error(`block ${template.height} is invalid: ${invalid.code}`);
  }

  #seal({ header, transactions }: Pick<Block, 'header' | 'transactions'>): Block {
    const content = contentHash(header);
    const target = decodeBits(header.bits) ?? 0n;
    const nonce = new Uint8Array(32);
    const view = new DataView(nonce.buffer);
    for (let trial = 0; !hashMeetsTarget(blockHash(content, nonce), target); trial++) view.setUint32(28, trial);
    const digest = producerDigest(chainIdOf(this.genesis), blockHash(content, nonce));
    return { ...seal(header, nonce, sign(digest, secretKey)), transactions };
  }
}

/** The store, but no write of it waits for the disk. */
function notSynced(store: Store): Store {
  return {
    get: key => store.get(key),
    getSync: key => store.getSync(key),
    getMany: keys => store.getMany(keys),
    range: range => store.range(range),
    freeze: () => store.freeze(),
    write: (batch, _durability, name) => store.write(batch, 'lazy', name),
    close: () => store.close(),
  };
}
