/**
 * The road of a transaction, as code: decode (strict) -> validate (no state, cheap first) -> drop what is known -> load the senders ->
 * drop what can never be included -> verify signatures (off the main thread) -> mempool -> gossip. What comes by RPC and what comes by
 * gossip walk the same road; they differ in who pays for a fault and in who passes it on.
 */
import type { SealedHeader } from '../chain/block.ts';
import { accept, type ErrorCode, errorRow, type Result, reject } from '../chain/errors.ts';
import { type Genesis, paramsAt } from '../chain/genesis.ts';
import type { Mempool } from '../chain/mempool.ts';
import { isEnforced } from '../chain/rules.ts';
import { type Account, emptyAccount } from '../chain/state.ts';
import type { Transaction } from '../chain/transaction.ts';
import { validateTransaction } from '../chain/validate.ts';
import { betweenSteps } from './at-one-head.ts';
import type { ChainStore } from './chain-store.ts';
import type { LedgerWriter } from './ledger-writer.ts';
import type { MempoolKeeper } from './mempool-keeper.ts';
import { inSlices } from './pace.ts';
import type { Clock, GossipVerdict, Network, PeerId } from './ports.ts';
import type { SignatureDesk } from './signature-desk.ts';
import type { TransactionRelay } from './transaction-relay.ts';
import { decodeBatchInSteps } from './wire.ts';

export interface PipelineParts {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  readonly chain: ChainStore;
  readonly ledger: LedgerWriter;
  readonly mempool: Mempool;
  readonly keeper: MempoolKeeper;
  readonly signatures: SignatureDesk;
  readonly network: Network;
  readonly clock: Clock;
  readonly relay: TransactionRelay;
  /** One member makes the blocks: what others gossip is sent again too, for perhaps nobody else that has it can reach that member. */
  readonly keepsGossip: boolean;
  /** Something may go into a block that could not before. */
  readonly onAdmitted: () => void;
}

/** What became of one transaction; `isStateless` tells a fault that every node sees, and punishes, from one that depends on the state. */
interface Outcome {
  readonly result: Result<'ready' | 'gapped'>;
  readonly isStateless: boolean;
}

export class Pipeline {
  readonly #parts: PipelineParts;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** A batch from a peer. One statelessly invalid member rejects the batch; only when all are admitted is it forwarded as it is. */
  async gossiped(data: Uint8Array, from: PeerId): Promise<GossipVerdict> {
    const { clock } = this.#parts;
    const batch = await inSlices(clock, decodeBatchInSteps(data));
    if (!batch.ok) return this.#refuse(from, batch.error);
    const early = await inSlices(clock, this.#checkEarly(batch.value));
    // The first fault that its forwarder should have seen; one without a penalty may come of another version or of a change of the rules.
    const fault = early.find(outcome => outcome?.isStateless);
    if (fault && !fault.result.ok) return this.#refuse(from, fault.result.error);
    const outcomes = await this.#admit(batch.value, early, `peer:${from}`);
    const ready = batch.value.filter((_, index) => isReady(outcomes[index]));
    if (this.#parts.keepsGossip) this.#parts.relay.keep(ready, this.#parts.ledger.head.header.height);
    if (ready.length === outcomes.length) return 'accept';
    // What was admitted goes on in any case: a duplicate is not passed on later, so nobody else would do it.
    this.#parts.relay.add(ready);
    const bad = outcomes.find(outcome => outcome.isStateless && !outcome.result.ok);
    return bad === undefined || bad.result.ok ? 'ignore' : this.#refuse(from, bad.result.error);
  }

  /** A batch from a member whose word counts: it verified them, and they go no further from here. */
  async given(data: Uint8Array, from: PeerId): Promise<void> {
    const { clock, signatures } = this.#parts;
    const batch = await inSlices(clock, decodeBatchInSteps(data));
    if (!batch.ok) {
      this.#refuse(from, batch.error);
      return;
    }
    signatures.vouch(batch.value);
    const early = await inSlices(clock, this.#checkEarly(batch.value));
    await this.#admit(batch.value, early, `peer:${from}`);
  }

  /** Transactions from a client; those admitted are gossiped in the next batch, and again while they are not included. */
  async submitted(
    transactions: readonly Transaction[],
    source: string,
  ): Promise<readonly Result<'ready' | 'gapped'>[]> {
    const early = await inSlices(this.#parts.clock, this.#checkEarly(transactions));
    const outcomes = await this.#admit(transactions, early, source);
    const ready = transactions.filter((_, index) => isReady(outcomes[index]));
    this.#parts.relay.add(ready);
    this.#parts.relay.keep(ready, this.#parts.ledger.head.header.height);
    return outcomes.map(outcome => outcome.result);
  }

  /** What is known without the state, one a transaction: why it is refused, or null. */
  *#checkEarly(transactions: readonly Transaction[]): Generator<undefined, readonly (Outcome | null)[], undefined> {
    const outcomes: (Outcome | null)[] = [];
    for (const transaction of transactions) {
      outcomes.push(this.#refusedEarly(transaction));
      yield;
    }
    return outcomes;
  }

  /** Walks the rest of the road with every transaction that was not refused early; one outcome each, in order. */
  async #admit(
    transactions: readonly Transaction[],
    early: readonly (Outcome | null)[],
    source: string,
  ): Promise<readonly Outcome[]> {
    const alive = transactions.filter((_, index) => early[index] === null);
    const accounts = await this.#accounts(alive);
    const stale = new Set(
      alive.filter(transaction => isStale(transaction, accounts)).map(({ witnessIdHex }) => witnessIdHex),
    );
    const fresh = alive.filter(transaction => !stale.has(transaction.witnessIdHex));
    const answers = await this.#parts.signatures.verify(fresh);
    const signed = new Map(fresh.map((transaction, index) => [transaction.witnessIdHex, answers[index] === true]));
    // The ledger may have moved while signatures were verified.
    let current = accounts;
    while (current.head !== this.#parts.ledger.head) current = await this.#accounts(fresh);
    const outcomes = transactions.map((transaction, index) => {
      const refused = early[index];
      if (refused) return refused;
      if (stale.has(transaction.witnessIdHex)) return staleNonce(transaction, accounts);
      if (isEnforced('transaction signature') && !signed.get(transaction.witnessIdHex))
        return badSignature(transaction);
      return this.#add(transaction, source, current);
    });
    if (outcomes.some(isReady)) this.#parts.onAdmitted();
    return outcomes;
  }

  #refusedEarly(transaction: Transaction): Outcome | null {
    const checked = validateTransaction(transaction, this.#rules());
    if (!checked.ok) return { result: checked, isStateless: errorRow(checked.error.code).penalty > 0 };
    if (!this.#parts.mempool.has(transaction.idHex)) return null;
    return { result: reject('DUPLICATE', `transaction ${transaction.idHex} is in the mempool`), isStateless: false };
  }

  #add(transaction: Transaction, source: string, accounts: Accounts): Outcome {
    const account = accountOf(transaction, accounts);
    const { clock, ledger, mempool, keeper, relay } = this.#parts;
    const height = ledger.head.header.height + 1;
    const { feePerByteMin } = this.#rules().params;
    const added = mempool.add(transaction, { source, now: clock.monotonic(), account, height, feePerByteMin });
    if (!added.ok) return { result: added, isStateless: false };
    const { status, replaced, evicted } = added.value;
    if (replaced) keeper.displaced([replaced], 'superseded');
    keeper.displaced(evicted, 'evicted');
    // The newcomer itself goes the way that its caller decides; what waited for it goes out now.
    relay.add(added.value.relay.filter(other => other !== transaction));
    return { result: accept(status), isStateless: false };
  }

  /** The present accounts of the senders, all of one head. */
  #accounts(transactions: readonly Transaction[]): Promise<Accounts> {
    const { chain, ledger } = this.#parts;
    return betweenSteps(ledger, () => {
      const bySender = new Map<string, Account>();
      for (const { senderHex, senderAddress } of transactions) {
        if (!bySender.has(senderHex)) bySender.set(senderHex, chain.accountSync(senderAddress));
      }
      return { head: ledger.head, bySender };
    });
  }

  #rules() {
    const { chainId, genesis, ledger } = this.#parts;
    return { chainId, params: paramsAt(genesis, ledger.head.header.height + 1) };
  }

  /** A code without a penalty is nobody's fault: the network's own points for rejected gossip would punish it all the same. */
  #refuse(peer: PeerId, { code, detail }: { readonly code: ErrorCode; readonly detail: string }): GossipVerdict {
    if (errorRow(code).penalty === 0) return 'ignore';
    this.#parts.network.penalize(peer, code, detail);
    return 'reject';
  }
}

/** The senders' accounts as they are at `head`, by address in hexadecimal. */
interface Accounts {
  readonly head: SealedHeader;
  readonly bySender: ReadonlyMap<string, Account>;
}

function accountOf({ senderHex }: Transaction, { bySender }: Accounts): Account {
  return bySender.get(senderHex) ?? emptyAccount;
}

function isReady(outcome: Outcome | undefined): boolean {
  return outcome?.result.ok === true && outcome.result.value === 'ready';
}

/** A nonce that was used already: cheaper to see than a bad signature, and nobody's fault. */
function isStale(transaction: Transaction, accounts: Accounts): boolean {
  return transaction.body.nonce < accountOf(transaction, accounts).nonce;
}

function staleNonce(transaction: Transaction, accounts: Accounts): Outcome {
  const { nonce } = accountOf(transaction, accounts);
  const detail = `nonce ${transaction.body.nonce} is used, the account's next is ${nonce}`;
  return { result: reject('BAD_NONCE', detail), isStateless: false };
}

function badSignature(transaction: Transaction): Outcome {
  return {
    result: reject('BAD_SIGNATURE', `transaction ${transaction.idHex} is not signed by its sender`),
    isStateless: true,
  };
}
