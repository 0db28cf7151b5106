/**
 * A client of the assignment (2.3.1): one operation at a time, sent to the server that it takes for the leader; without a reply in time it
 * asks another server to lead and gives it the same operation. An operation is one signed transaction however often it is sent, so it is
 * carried out once. Every message of the client takes as long as those of the servers.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { toHex } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { addressOf, formatAddress, publicKeyOf } from '../../chain/keys.ts';
import type { Operation } from '../../chain/operation.ts';
import { signTransaction, type Transaction } from '../../chain/transaction.ts';
import type { KvchainClient, ResultOf } from '../rpc/client.ts';
import { checkedHex } from '../rpc/hex.ts';
import { waitMsMax } from '../rpc/schemas.ts';
import { passOverSilence } from './silence.ts';

export interface NamedServer {
  readonly name: string;
  /** Error thrown: UNREACHABLE while it does not run. */
  client(): KvchainClient;
}

export interface LeaderClientParts {
  readonly servers: readonly NamedServer[];
  readonly secretKey: Uint8Array;
  /** What a message takes one way. */
  readonly delayMs: number;
  readonly timeoutMs: number;
  /** Hears what the client does, in sentences. */
  readonly tell: (sentence: string) => void;
}

export interface Reply {
  /** Of a get the value's bytes, null for NO_KEY; a put and whatever else writes is acknowledged. */
  readonly type: 'ack' | 'value' | 'failed';
  readonly value: Uint8Array | null;
  /** Why a write had no effect. */
  readonly code: string | null;
  /** Of the block that holds the operation. */
  readonly depth: number;
  readonly server: string;
}

export class LeaderClient {
  readonly #parts: LeaderClientParts;
  #hint = 0;
  /** The next one; null while nobody but the servers knows it: at the start, and while an operation has no reply. */
  #nonce: number | null = null;

  constructor(parts: LeaderClientParts) {
    this.#parts = parts;
  }

  /** The server that it takes for the leader. */
  get hint(): string {
    return this.#server.name;
  }

  /** From here on it takes this server for the leader. */
  follow(name: string): void {
    const index = this.#parts.servers.findIndex(server => server.name === name);
    if (index >= 0) this.#hint = index;
  }

  /** Resolves with the reply, however long that takes, unless it is aborted. Errors thrown: what a server refuses the operation with. */
  async operate(operation: Operation, signal: AbortSignal): Promise<Reply> {
    const transaction = await this.#sign(operation, signal);
    for (;;) {
      const server = this.#server;
      this.#parts.tell(`Sending the operation to ${server.name}`);
      const reply = await this.#ask(server, transaction, signal);
      signal.throwIfAborted();
      if (reply !== null) {
        this.#nonce = transaction.body.nonce + 1;
        return reply;
      }
      this.#hint = (this.#hint + 1) % this.#parts.servers.length;
      const next = this.#server.name;
      this.#parts.tell(`No reply from ${server.name}: sending Leader to ${next}`);
      await this.#askToLead(signal);
    }
  }

  get #server(): NamedServer {
    const server = this.#parts.servers[this.#hint];
    if (server === undefined) throw new KvchainError('USAGE', 'a classroom has servers');
    return server;
  }

  /** Null when there is no reply in time. */
  async #ask(server: NamedServer, transaction: Transaction, signal: AbortSignal): Promise<Reply | null> {
    const { delayMs, timeoutMs } = this.#parts;
    const end = performance.now() + timeoutMs;
    await pause(delayMs, undefined, { signal });
    const included = await this.#untilIncluded(server, transaction, end - 2 * delayMs).catch(passOver);
    if (included === null) {
      await pause(Math.max(0, end - performance.now()), undefined, { signal });
      return null;
    }
    await pause(delayMs, undefined, { signal });
    return included;
  }

  async #untilIncluded({ name, client: find }: NamedServer, transaction: Transaction, end: number) {
    const client = find();
    const left = () => Math.max(0, Math.floor(end - performance.now()));
    await client.call('tx_submit', { transaction: toHex(transaction.bytes) }, { timeoutMs: left() + graceMs });
    for (;;) {
      const timeoutMs = Math.min(left(), waitMsMax);
      const { reached } = await client.call(
        'tx_wait',
        { id: transaction.idHex, timeoutMs },
        { timeoutMs: timeoutMs + graceMs },
      );
      if (reached) break;
      if (left() === 0) return null;
    }
    const included = await client.call('tx_get', { id: transaction.idHex });
    const { leader } = await client.call('consensus_status', {});
    if (leader !== null) this.follow(leader);
    return replyOf(client, transaction, { included, server: name });
  }

  async #askToLead(signal: AbortSignal): Promise<void> {
    await pause(this.#parts.delayMs, undefined, { signal });
    const lead = async () => this.#server.client().call('consensus_lead', {});
    await lead().catch(passOver);
  }

  async #sign(operation: Operation, signal: AbortSignal): Promise<Transaction> {
    const { secretKey } = this.#parts;
    const { chainId, nonce } = await this.#prepare(signal);
    // Whether it is used up only a reply tells: counted before, a refused operation would leave a gap that nothing ever fills.
    this.#nonce = null;
    const memo = new Uint8Array();
    return signTransaction({ chainId, nonce, fee: 0n, expiresAt: null, memo, operations: [operation] }, secretKey);
  }

  #chainId: Uint8Array | null = null;

  /** The next nonce: counted by the client from reply to reply, else what the servers know. */
  async #prepare(signal: AbortSignal) {
    if (this.#chainId !== null && this.#nonce !== null) return { chainId: this.#chainId, nonce: this.#nonce };
    for (;;) {
      const answers = await Promise.all(this.#parts.servers.map(server => this.#nonceAt(server).catch(passOver)));
      const known = answers.filter(answer => answer !== null);
      const [first] = known;
      if (first !== undefined) {
        const nonce = Math.max(...known.map(answer => answer.nonce));
        this.#chainId = first.chainId;
        return { chainId: first.chainId, nonce };
      }
      this.#parts.tell('No server answers');
      await pause(this.#parts.timeoutMs, undefined, { signal });
    }
  }

  async #nonceAt({ client: find }: NamedServer) {
    const client = find();
    const { addressPrefix } = await client.call('node_info', {});
    const address = formatAddress(addressOf(publicKeyOf(this.#parts.secretKey)), addressPrefix);
    const { chainId, nonce } = await client.call('tx_prepare', { address });
    return { chainId: checkedHex(chainId), nonce };
  }
}

/** Beside what a call is to wait, for the way to a server on this machine. */
const graceMs = 2_000;

/** A server that is silent, has too much to do, or lost the operation gives no reply; a refusal is one, and goes on. */
function passOver(error: unknown): null {
  const isLost = error instanceof KvchainError && (error.code === 'NOT_FOUND' || error.code === 'RATE_EXCEEDED');
  return isLost ? null : passOverSilence(error);
}

async function replyOf(
  client: KvchainClient,
  { body }: Transaction,
  { included, server }: { readonly included: ResultOf<'tx_get'>; readonly server: string },
): Promise<Reply> {
  const { status, code, height, receipt } = included;
  const base = { depth: height ?? 0, server, code: code ?? null, value: null };
  if (status === 'failed') return { ...base, type: 'failed' };
  const [operation] = body.operations;
  if (operation?.type !== 'get') return { ...base, type: 'ack' };
  const isAbsent = (receipt?.results[0] ?? null) === null;
  // As the key stood at the block of the get.
  const found = isAbsent ? null : await client.get(operation.key, { at: base.depth });
  return { ...base, type: 'value', value: found?.bytes ?? null };
}
