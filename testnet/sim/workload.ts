/**
 * What clients do: accounts that write, read, delete and pay at their home nodes; that want the same keys, expect versions that others
 * make, and sometimes sign two transactions of one nonce and give them to two nodes. After a crash of its home a client sends again
 * what the node does not have, as a wallet does.
 */
import type { ErrorCode } from '../../chain/errors.ts';
import { chainIdOf, type Genesis } from '../../chain/genesis.ts';
import type { Operation } from '../../chain/operation.ts';
import { type Signer, signTransactionWith, type Transaction } from '../../chain/transaction.ts';
import type { PeerId } from '../../daemon/ports.ts';
import { type Account, accounts } from './accounts.ts';
import type { Chance } from './chance.ts';
import { type Checks, nameOf, type Submission } from './checks.ts';
import type { SignatureScheme } from './signatures.ts';
import type { SimulatedNode } from './simulated-node.ts';
import type { Trace } from './trace.ts';
import type { VirtualTime } from './virtual-time.ts';

interface Client extends Account, Signer {
  readonly home: SimulatedNode;
  /** By nonce. */
  readonly slots: Slot[];
}

interface Slot extends Submission {
  readonly transactions: readonly Transaction[];
}

export interface WorkloadParts {
  readonly genesis: Genesis;
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly nodes: readonly SimulatedNode[];
  readonly checks: Checks;
  readonly trace: Trace;
  readonly signerOf: SignatureScheme['signerOf'];
}

/** Keys that everybody wants, and the mean time between two transactions of all clients together: that between two blocks. */
const keysContested = 12;
const pauseMs = 1_000;
/** What a node may say to a transaction that it knows already in one form or another. */
const alreadyKnown: readonly ErrorCode[] = ['DUPLICATE', 'BAD_NONCE', 'REPLACEMENT_UNDERPRICED'];

export class Workload {
  readonly #parts: WorkloadParts;
  readonly #chainId: Uint8Array;
  readonly #clients: Client[];
  #cancel: (() => void) | null = null;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
    this.#chainId = chainIdOf(parts.genesis);
    const home = () => parts.chance.pick(parts.nodes);
    this.#clients = accounts.map(account => ({
      ...account,
      ...parts.signerOf(account.secretKey),
      home: home(),
      slots: [],
    }));
  }

  /** Everything that was sent; of each submission exactly one transaction must be included in the end. */
  get submissions(): readonly Submission[] {
    return this.#clients.flatMap(({ slots }) => slots);
  }

  /** Whether without this machine nothing is sent: all other homes of clients are down. */
  needs(name: PeerId): boolean {
    return this.#clients.every(({ home }) => home.name === name || home.node === null);
  }

  start(): void {
    const { time, chance } = this.#parts;
    this.#cancel = time.after(2 * pauseMs * chance.fraction(), () => {
      this.start();
      this.#act(chance.pick(this.#clients));
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** A node came back: its clients send again what it does not have. */
  onUp(name: PeerId): void {
    const mirror = this.#parts.checks.mirror(name);
    for (const client of this.#clients.filter(({ home }) => home.name === name)) {
      const missing = client.slots.filter(slot => !slot.idHexes.some(idHex => mirror?.includes(idHex)));
      for (const slot of missing)
        for (const transaction of slot.transactions) this.#submit(client.home, slot, transaction);
    }
  }

  #act(client: Client): void {
    const { chance, nodes } = this.#parts;
    if (client.home.node === null) return;
    const isDouble = chance.happens(0.1);
    const transactions = Array.from({ length: isDouble ? 2 : 1 }, () => this.#sign(client));
    const slot: Slot = { transactions, idHexes: transactions.map(({ idHex }) => idHex) };
    client.slots.push(slot);
    const [first, second] = transactions;
    if (first) this.#submit(client.home, slot, first);
    if (second) this.#submit(chance.pick(nodes), slot, second);
  }

  #sign(client: Client): Transaction {
    const { chance } = this.#parts;
    const operations = Array.from({ length: chance.between(1, 3) }, () => this.#operation());
    const fields = { nonce: client.slots.length, fee: BigInt(chance.between(0, 9)), expiresAt: null };
    const memo = chance.bytes(8);
    return signTransactionWith({ chainId: this.#chainId, ...fields, memo, operations }, client);
  }

  #operation(): Operation {
    const { chance } = this.#parts;
    const key = `key ${chance.between(1, keysContested)}`;
    const dice = chance.between(1, 10);
    if (dice === 1) return { type: 'delete', key };
    if (dice === 2) return { type: 'get', key };
    if (dice === 3) {
      return { type: 'transfer', to: chance.pick(this.#clients).address, amount: 5n };
    }
    const expectedVersion = dice === 4 ? chance.between(0, 2) : null;
    return { type: 'put', key, value: chance.bytes(chance.between(0, 40)), contentType: '', expectedVersion };
  }

  #submit({ name, node }: SimulatedNode, slot: Slot, transaction: Transaction): void {
    const { checks, trace } = this.#parts;
    if (node === null) return;
    trace.add(name, 'submit', `${transaction.idHex.slice(0, 8)} of ${nameOf(slot)}`);
    node.pipeline.submitted([transaction], 'client').then(
      ([outcome]) => {
        if (outcome?.ok) {
          if (outcome.value === 'ready') checks.taken(name, slot);
          return;
        }
        if (outcome && alreadyKnown.includes(outcome.error.code)) return;
        checks.fail(name, `refused ${transaction.idHex}: ${outcome?.error.code} ${outcome?.error.detail}`);
      },
      (error: unknown) => checks.fail(name, `submitting failed: ${String(error)}`),
    );
  }
}
