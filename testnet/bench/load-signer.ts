/** Transactions for benchmarks, signed beforehand. */
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { chainIdOf, type Genesis } from '../../chain/genesis.ts';
import { sha256 } from '../../chain/hash.ts';
import { type Signer, signerOf, signTransactionWith, type Transaction } from '../../chain/transaction.ts';

interface Account {
  readonly signer: Signer;
  readonly name: string;
  nonce: number;
}

interface KeysToPut {
  readonly first: number;
  readonly count: number;
  readonly valueBytes?: number;
}

/** Puts of a number of accounts with keys of their own. The same calls give the same transactions in every run. */
export class LoadSigner {
  readonly #chainId: Uint8Array;
  readonly #accounts: readonly Account[];
  #signed = 0;

  /** Signers with another `seed` have other accounts. */
  constructor(genesis: Genesis, accounts: number, seed = 0) {
    this.#chainId = chainIdOf(genesis);
    this.#accounts = Array.from({ length: accounts }, (_, index) => {
      const signer = signerOf(sha256(toUtf8(`load/${seed}/${index}`)));
      return { signer, name: toHex(signer.publicKey.subarray(1, 5)), nonce: 0 };
    });
  }

  /** `count` transactions of one put each, about 220 bytes; every one writes a key that was never written: see `keyName`. */
  puts(count: number): Transaction[] {
    return Array.from({ length: count }, () => this.put(this.#signed, { first: this.#signed, count: 1 }));
  }

  /**
   * One transaction of an account (they are counted on from the last to the first) that writes its keys `first`, `first` + 1, ... with a
   * value that no other has, of at least `valueBytes`.
   */
  put(account: number, { first, count, valueBytes = 0 }: KeysToPut): Transaction {
    const sender = this.#account(account);
    const value = toUtf8(`value ${this.#signed++}`.padEnd(valueBytes, '.'));
    const operations = Array.from({ length: count }, (_, index) => {
      const key = this.keyName(account, first + index);
      return { type: 'put', key, value, contentType: '', expectedVersion: null } as const;
    });
    const fields = { chainId: this.#chainId, fee: 0n, expiresAt: null, memo: new Uint8Array(0), operations };
    return signTransactionWith({ ...fields, nonce: sender.nonce++ }, sender.signer);
  }

  /** The name of an account's key; that of the n-th of `puts` is `keyName(n, n)`. */
  keyName(account: number, key: number): string {
    return `${this.#account(account).name}/${key}`;
  }

  #account(index: number): Account {
    const account = this.#accounts[index % this.#accounts.length];
    if (account === undefined) throw new RangeError('a signer without accounts');
    return account;
  }
}
