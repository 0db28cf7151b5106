/**
 * Signs and sends the writes of one account: many may be in flight, each gets the next nonce, and those that wait together travel
 * together. What was signed is sent again when no answer came (the node knows it by its id); what the node refused for its nonce is
 * signed anew.
 */
import { toHex } from '../../chain/bytes.ts';
import { isErrorCode, KvchainError } from '../../chain/errors.ts';
import { addressOf, formatAddress, publicKeyOf } from '../../chain/keys.ts';
import type { Operation } from '../../chain/operation.ts';
import { signTransaction, type Transaction } from '../../chain/transaction.ts';
import type { ResultOf } from './api.ts';
import { checkedHex } from './hex.ts';
import type { Refusal, TransactionState } from './schemas.ts';
import { signWithLeastFee } from './sign.ts';
import type { HttpTransport } from './transport.ts';

/** Transactions in one request, and their bytes: in hex they must fit the body of a request. */
const sendTransactionsMax = 256;
const sendBytesMax = 262_144;
const attemptsMax = 4;

export interface Draft {
  readonly operations: readonly Operation[];
  /** Null: the least that is taken. */
  readonly fee: bigint | null;
  /** Null: about an hour. */
  readonly expiresAt: number | null;
  readonly memo: Uint8Array;
}

interface Entry {
  readonly draft: Draft;
  attempts: number;
  resolve(state: TransactionState): void;
  reject(error: unknown): void;
}

export interface OutboxParts {
  readonly transport: HttpTransport;
  readonly secretKey: Uint8Array;
  /** The chain that is meant, in hex; another one is refused before anything is signed. Null: whichever the node follows. */
  readonly chainId: string | null;
  readonly addressPrefix: () => Promise<string>;
}

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #queue: Entry[] = [];
  #isRunning = false;
  /** After a refusal the next write goes alone: there may be a gap in the nonces, which it must fill. */
  #isCautious = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Where the transaction is once the node has it. Errors thrown: the node's refusals, WRONG_CHAIN, UNREACHABLE. */
  send(draft: Draft): Promise<TransactionState> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ draft, attempts: 0, resolve, reject });
      if (!this.#isRunning) void this.#run(); // It hands every failure to the writes that it concerns.
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // Writes that are asked for in the same turn are sent together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const isAlone = this.#isCautious;
      this.#isCautious = false;
      const taken: Entry[] = [];
      try {
        const prepared = await this.#prepare();
        await this.#sendNext(prepared, { taken, countMax: isAlone ? 1 : sendTransactionsMax });
      } catch (error) {
        const failed = taken.length > 0 ? taken : this.#queue.splice(0);
        for (const entry of failed) entry.reject(error);
        this.#isCautious = true;
      }
    }
    this.#isRunning = false;
  }

  async #prepare(): Promise<ResultOf<'tx_prepare'>> {
    const { transport, secretKey, chainId, addressPrefix } = this.#parts;
    const address = formatAddress(addressOf(publicKeyOf(secretKey)), await addressPrefix());
    const prepared = await transport.call('tx_prepare', { address });
    if (chainId !== null && prepared.chainId !== chainId) {
      throw new KvchainError('WRONG_CHAIN', `${transport.url} is on chain ${prepared.chainId}, expected ${chainId}`);
    }
    return prepared;
  }

  /** Signs what fits into one request, sends it, and gives each its answer. */
  async #sendNext(
    prepared: ResultOf<'tx_prepare'>,
    { taken, countMax }: { readonly taken: Entry[]; readonly countMax: number },
  ): Promise<void> {
    const signed: Transaction[] = [];
    let bytes = 0;
    while (taken.length < countMax && bytes < sendBytesMax) {
      const entry = this.#queue.shift();
      if (entry === undefined) break;
      taken.push(entry);
      const transaction = this.#sign(entry.draft, prepared, prepared.nonce + signed.length);
      signed.push(transaction);
      bytes += transaction.bytes.length;
    }
    const results = await this.#submit(signed.map(({ bytes: encoded }) => toHex(encoded)));
    for (const [index, entry] of taken.entries()) this.#settle(entry, results[index]);
  }

  #sign(draft: Draft, prepared: ResultOf<'tx_prepare'>, nonce: number): Transaction {
    const body = {
      chainId: checkedHex(prepared.chainId),
      nonce,
      expiresAt: draft.expiresAt ?? prepared.expiresAt,
      memo: draft.memo,
      operations: draft.operations,
    };
    const { secretKey } = this.#parts;
    return draft.fee === null
      ? signWithLeastFee(body, secretKey, BigInt(prepared.feePerByte))
      : signTransaction({ ...body, fee: draft.fee }, secretKey);
  }

  /** The same bytes again while no answer comes: the node answers for what it holds already. */
  async #submit(transactions: readonly string[]): Promise<readonly (TransactionState | Refusal)[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#parts.transport.call('tx_submit', { transactions: [...transactions] });
        return 'results' in answer ? answer.results : [answer];
      } catch (error) {
        const isLost = error instanceof KvchainError && (error.code === 'TIMED_OUT' || error.code === 'UNREACHABLE');
        if (!isLost || attempt >= attemptsMax) throw error;
      }
    }
  }

  #settle(entry: Entry, result: TransactionState | Refusal | undefined): void {
    if (result !== undefined && 'id' in result) {
      entry.resolve(result);
      return;
    }
    this.#isCautious = true;
    const code = result !== undefined && isErrorCode(result.code) ? result.code : 'INTERNAL';
    entry.attempts++;
    // Another process may sign with this key too: its nonces come first, ours are taken anew.
    const isWorthwhile = staleCodes.has(code) && entry.attempts < attemptsMax;
    if (isWorthwhile) this.#queue.push(entry);
    else entry.reject(new KvchainError(code, result?.message ?? 'the node gave no answer for this transaction'));
  }
}

const staleCodes: ReadonlySet<string> = new Set(['BAD_NONCE', 'REPLACEMENT_UNDERPRICED', 'GAP_LIMIT']);
