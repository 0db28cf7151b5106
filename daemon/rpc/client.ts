/**
 * The SDK: a typed client of the whole API, and the everyday calls on top of it. It signs on its own side: secret keys never leave it. Runs in
 * Node.js and in browsers.
 *
 *     const client = new KvchainClient({ url: 'http://127.0.0.1:8645', signer: { secretKey } });
 *     await client.put('bash', '5.2.15');
 *     const found = await client.get('bash');
 */
import { toHex } from '../../chain/bytes.ts';
import { assert, KvchainError } from '../../chain/errors.ts';
import { parseAddress } from '../../chain/keys.ts';
import type { Operation } from '../../chain/operation.ts';
import { parseValue } from '../../chain/proof.ts';
import type { Transaction } from '../../chain/transaction.ts';
import type { MethodName, ParamsOf, ResultOf } from './api.ts';
import { Outbox } from './outbox.ts';
import { pause } from './pause.ts';
import type { HistoryJson, KeyState, ReadKeyState, Refusal, TransactionState } from './schemas.ts';
import { waitMsMax } from './schemas.ts';
import { Semaphore } from './semaphore.ts';
import {
  type BatchAnswer,
  type BatchCall,
  type CallOptions,
  HttpTransport,
  type TransportOptions,
} from './transport.ts';
import { isReached, parseWait } from './wait-target.ts';
import { type WatchOptions, type WatchUpdate, watchKeys } from './watch-client.ts';
import { checkBytes, checkDraft, checkSecretKey, checkWait, valueBytes } from './write-check.ts';

export type {
  HistoryJson,
  KeyState,
  MethodName,
  ParamsOf,
  ReadKeyState,
  Refusal,
  ResultOf,
  TransactionState,
  WatchOptions,
  WatchUpdate,
};

/** Who signs: a secp256k1 secret key, 32 bytes. */
export interface Signer {
  readonly secretKey: Uint8Array;
}

export interface ClientOptions extends TransportOptions {
  /** Signs when a call names no other. */
  readonly signer?: Signer | undefined;
  /** The chain that is meant, in hex: nothing is ever signed for another one. */
  readonly chainId?: string | undefined;
}

/** none, included, confirmed:<n> or final. */
export type WaitUntil = 'none' | 'included' | 'final' | `confirmed:${number}`;

export interface WaitOptions {
  /** Default 120,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions extends WaitOptions {
  readonly signer?: Signer | undefined;
  /** Default included. */
  readonly wait?: WaitUntil | undefined;
  /** Default: the least that the node takes. */
  readonly fee?: bigint | undefined;
  /** Last height at which it may be included; default: about an hour ahead. */
  readonly expiresAt?: number | undefined;
  readonly memo?: Uint8Array | undefined;
  /** Called when a node has taken the transaction, before it is waited for. */
  readonly onSubmitted?: ((state: TransactionState) => void) | undefined;
}

export interface PutOptions extends WriteOptions {
  readonly contentType?: string | undefined;
  /** Write only if the key is at this version; 0: never written. */
  readonly expectedVersion?: number | undefined;
}

export interface ReadOptions extends CallOptions {
  readonly at?: number | undefined;
  readonly read?: string | undefined;
}

/** A key as it is read, with its value's bytes. */
export interface KeyValue extends KeyState {
  readonly bytes: Uint8Array;
}

/** A key as it was read: `read` is how sure the read was asked to be. */
export interface ReadValue extends KeyValue, ReadKeyState {}

/** Before it asks again where too many wait already. */
const crowdedRestMs = 1_000;
const waitTimeoutMs = 120_000;
/** Long polls at once; more waits stand in line and are answered at once when their turn comes. */
const pollsMax = 16;

export class KvchainClient {
  readonly #options: ClientOptions;
  readonly #transport: HttpTransport;
  readonly #outboxes = new Map<string, Outbox>();
  readonly #polls = new Semaphore(pollsMax);
  #addressPrefix: Promise<string> | null = null;

  /** Error thrown: USAGE when the URL is none. Nothing is asked yet. */
  constructor(options: ClientOptions) {
    this.#options = options;
    this.#transport = new HttpTransport(options);
  }

  get url(): string {
    return this.#transport.url;
  }

  /** One call of the table. Errors thrown as KvchainError: UNREACHABLE, TIMED_OUT, and the method's own codes. */
  call<M extends MethodName>(method: M, params: ParamsOf<M>, options: CallOptions = {}): Promise<ResultOf<M>> {
    return this.#transport.call(method, params, options);
  }

  /** Up to 100 calls in one request; an answer for each, in order. */
  batch<M extends MethodName>(calls: readonly BatchCall<M>[], options: CallOptions = {}): Promise<BatchAnswer<M>[]> {
    return this.#transport.batch(calls, options);
  }

  /** Reads a key; null when it has no value. */
  async get(key: string, { at, read, ...options }: ReadOptions = {}): Promise<ReadValue | null> {
    try {
      const state = await this.call('kv_get', { key, at, ...(read === undefined ? {} : { read }) }, options);
      return { ...state, bytes: bytesOf(state) };
    } catch (error) {
      if (error instanceof KvchainError && error.code === 'NO_KEY') return null;
      throw error;
    }
  }

  /**
   * Writes a value and waits until it is included. A write that was included but failed is told by `status` and `code`. Errors thrown
   * before anything is signed: USAGE for a wrong type, BAD_KEY, BAD_VALUE, and FINALITY_UNAVAILABLE to a wait for `final` that nothing can end.
   */
  async put(key: string, value: string | Uint8Array, options: PutOptions = {}): Promise<TransactionState> {
    const { contentType = '', expectedVersion = null } = options;
    return this.send([{ type: 'put', key, value: valueBytes(value), contentType, expectedVersion }], options);
  }

  /** Deletes a key. */
  delete(key: string, options: WriteOptions = {}): Promise<TransactionState> {
    return this.send([{ type: 'delete', key }], options);
  }

  /** Moves money to an address. Error thrown: BAD_ADDRESS. */
  async transfer(to: string, amount: bigint, options: WriteOptions = {}): Promise<TransactionState> {
    if (typeof to !== 'string') throw new KvchainError('BAD_ADDRESS', 'to: expected the text of an address');
    const address = parseAddress(to, await this.#prefix());
    if (!address.ok) throw new KvchainError(address.error.code, address.error.detail);
    return this.send([{ type: 'transfer', to: address.value, amount }], options);
  }

  /** Signs operations as one transaction, all or none, sends it and waits. */
  async send(operations: readonly Operation[], options: WriteOptions = {}): Promise<TransactionState> {
    const { wait = 'included', fee = null, expiresAt = null, memo = new Uint8Array(0) } = options;
    const draft = { operations, fee, expiresAt, memo };
    checkDraft(draft);
    await this.checkWait(wait);
    const state = await this.#outboxOf(options.signer).send(draft);
    return this.#settled(state, wait, options);
  }

  /** Sends a transaction that is signed already. */
  async submit(transaction: Transaction, options: Omit<WriteOptions, 'signer'> = {}): Promise<TransactionState> {
    const { wait = 'included', signal } = options;
    checkBytes('transaction.bytes', transaction.bytes);
    await this.checkWait(wait);
    const answer = await this.call('tx_submit', { transaction: toHex(transaction.bytes) }, { signal });
    assert(!('results' in answer), 'one transaction has one answer');
    return this.#settled(answer, wait, options);
  }

  /** Sends up to 1,000 signed transactions (1 MiB of hex); an answer or a refusal for each, in order. Does not wait. */
  async submitMany(
    transactions: readonly Transaction[],
    options: CallOptions = {},
  ): Promise<readonly (TransactionState | Refusal)[]> {
    if (transactions.length === 0) return [];
    for (const { bytes } of transactions) checkBytes('transactions.bytes', bytes);
    const texts = transactions.map(({ bytes }) => toHex(bytes));
    const answer = await this.call('tx_submit', { transactions: texts }, options);
    return 'results' in answer ? answer.results : [answer];
  }

  /** Whether a write can be waited for so; every write asks before it signs. Errors thrown: USAGE, FINALITY_UNAVAILABLE. */
  checkWait(wait: WaitUntil): Promise<void> {
    return checkWait(wait, async () => (await this.call('node_info', {})).canFinalize);
  }

  /** Waits until the transaction is where `until` says, or failed. Errors thrown: TIMED_OUT, TRANSACTION_DROPPED, NOT_FOUND. */
  async waitFor(id: string, until: WaitUntil, options: WaitOptions = {}): Promise<TransactionState> {
    const endMs = performance.now() + (options.timeoutMs ?? waitTimeoutMs);
    for (;;) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) throw new KvchainError('TIMED_OUT', `transaction ${id} is not ${until} yet`);
      const pollMs = Math.min(Math.ceil(leftMs), waitMsMax - 5_000);
      const polled = await this.#polls.run(() =>
        this.call(
          'tx_wait',
          { id, wait: until, timeoutMs: pollMs },
          { signal: options.signal, timeoutMs: pollMs + 10_000 },
        ).catch(async (error: unknown) => {
          if (!(error instanceof KvchainError) || error.code !== 'RATE_EXCEEDED') throw error;
          await pause(Math.min(leftMs, crowdedRestMs), options.signal);
          return null;
        }),
      );
      if (polled === null) continue;
      const { reached, ...state } = polled;
      if (state.status === 'dropped') throw droppedError(state);
      if (reached) return state;
    }
  }

  /** The versions of a key, newest first. */
  async *history(key: string, options: CallOptions = {}): AsyncGenerator<HistoryJson, void> {
    let cursor: string | undefined;
    do {
      const page = await this.call('kv_history', { key, cursor }, options);
      yield* page.entries;
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
  }

  /** The keys that start with `prefix`, in the order of their bytes. */
  async *scan(prefix: string, options: CallOptions = {}): AsyncGenerator<KeyValue, void> {
    let cursor: string | undefined;
    do {
      const page = await this.call('kv_scan', { prefix, cursor }, options);
      for (const item of page.items) yield { ...item, bytes: bytesOf(item) };
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
  }

  /**
   * Every block's changes from now, or from `from`, exactly once and in order, with undone blocks on a reorg. Connects again by itself
   * and goes on where it was. Error thrown: RESUME_TOO_OLD.
   */
  watch(prefix: string, options: WatchOptions = {}): AsyncGenerator<WatchUpdate, void> {
    const { token, authority, clientCertificate } = this.#options;
    return watchKeys({ url: this.url, prefix, credentials: { token, authority, clientCertificate } }, options);
  }

  /** A proof file for what a key holds, or that it holds nothing; checked by verifyProof of kvchain/chain, or a LightClient. */
  proof(
    key: string,
    { height, ...options }: CallOptions & { readonly height?: number } = {},
  ): Promise<ResultOf<'kv_proof'>> {
    return this.call('kv_proof', { key, height }, options);
  }

  async #settled(
    state: TransactionState,
    wait: WaitUntil,
    options: Omit<WriteOptions, 'signer'>,
  ): Promise<TransactionState> {
    options.onSubmitted?.(state);
    if (state.status === 'dropped') throw droppedError(state);
    return isReached(state, parseWait(wait)) ? state : this.waitFor(state.id, wait, options);
  }

  #outboxOf(signer: Signer | undefined): Outbox {
    const { secretKey } = signer ?? this.#options.signer ?? missingSigner();
    checkSecretKey(secretKey);
    const name = toHex(secretKey);
    const known = this.#outboxes.get(name);
    if (known !== undefined) return known;
    const outbox = new Outbox({
      transport: this.#transport,
      secretKey,
      chainId: this.#options.chainId ?? null,
      addressPrefix: () => this.#prefix(),
    });
    this.#outboxes.set(name, outbox);
    return outbox;
  }

  /** The prefix of the network's addresses, asked once. */
  #prefix(): Promise<string> {
    this.#addressPrefix ??= this.call('node_info', {}).then(
      info => info.addressPrefix,
      (error: unknown) => {
        this.#addressPrefix = null;
        throw error;
      },
    );
    return this.#addressPrefix;
  }
}

function bytesOf(state: KeyState): Uint8Array {
  const bytes = parseValue(state);
  if (bytes === null)
    throw new KvchainError('BAD_MESSAGE', `the value of ${JSON.stringify(state.key)} is not ${state.encoding}`);
  return bytes;
}

function droppedError({ id, code }: TransactionState): KvchainError {
  return new KvchainError(
    'TRANSACTION_DROPPED',
    `transaction ${id} was dropped${code === undefined ? '' : `: ${code}`}`,
  );
}

function missingSigner(): never {
  throw new KvchainError('USAGE', 'no signer: give {signer: {secretKey}} to the client or to the call');
}
