/** Signatures of transactions, each verified once: a witnessId that was found good is remembered, and covers body and signature. */
import type { Transaction } from '../chain/transaction.ts';
import { signatureCheck } from '../chain/validate.ts';
import type { Verifier } from './ports.ts';
import type { VerifiedCache } from './verified-cache.ts';

export class SignatureDesk {
  readonly #verifier: Verifier;
  readonly #verified: VerifiedCache;

  constructor(verifier: Verifier, verified: VerifiedCache) {
    this.#verifier = verifier;
    this.#verified = verified;
  }

  /** One answer a transaction, in order. */
  async verify(transactions: readonly Transaction[]): Promise<readonly boolean[]> {
    const unknown = transactions.filter(transaction => !this.#verified.has(transaction.witnessIdHex));
    const answers = unknown.length > 0 ? await this.#verifier.verify(unknown.map(signatureCheck)) : [];
    const bad = new Set<string>();
    for (const [index, { witnessIdHex }] of unknown.entries()) {
      if (answers[index]) this.#verified.add(witnessIdHex);
      else bad.add(witnessIdHex);
    }
    return transactions.map(transaction => !bad.has(transaction.witnessIdHex));
  }

  /** Whoever brought these verified them, and is trusted. */
  vouch(transactions: readonly Transaction[]): void {
    for (const { witnessIdHex } of transactions) this.#verified.add(witnessIdHex);
  }

  async allVerify(transactions: readonly Transaction[]): Promise<boolean> {
    return !(await this.verify(transactions)).includes(false);
  }
}
