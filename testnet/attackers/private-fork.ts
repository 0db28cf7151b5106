/**
 * Private fork, the double spend. The attack: pay on the public chain, mine a branch in secret from the block below the payment, with
 * a transaction that contradicts it; when the victim has delivered and the secret branch is heavier, publish it, and the payment was never made.
 * The defence: confirmations. With less than half of the hash rate the branch falls behind with every block that the victim waits; against more
 * there is none in proof of work alone, and the rate of success is PROTOCOLS 10.1's. THREATS.md C1.
 */
import type { SealedHeader } from '../../chain/block.ts';
import type { Transaction } from '../../chain/transaction.ts';
import { encodeBatch } from '../../daemon/wire.ts';
import { until } from '../until.ts';
import {
  type Attacker,
  type AttackerNode,
  type AttackerPlace,
  openAttackerNetwork,
  openAttackerNode,
} from './attacker-node.ts';
import { Curtain } from './curtain.ts';
import { PeersBranch, workOfAll } from './peers-branch.ts';

const raceMsMax = 86_400_000;

/** Two transactions of one account with the same nonce. */
export interface DoubleSpend {
  readonly payment: Transaction;
  readonly conflict: Transaction;
}

export interface RacePlan {
  /** Whether the victim has delivered, so that there is something to be gained; told how many blocks the public branch has. */
  readonly isDelivered: (publicBlocks: number) => boolean;
  /** Behind the public branch by so many blocks, at any time, it gives up. */
  readonly giveUpBehind: number;
  readonly signal: AbortSignal;
}

export interface RaceEnd {
  readonly outcome: 'won' | 'gave up';
  /** Blocks of both branches, when they were last seen apart. */
  readonly privateBlocks: number;
  readonly publicBlocks: number;
}

export class PrivateFork implements Attacker {
  readonly #node: AttackerNode['node'];
  readonly #curtain: Curtain;
  readonly #close: AttackerNode['close'];
  /** Where the branches part: a block of both, and the work up to it. */
  #fork: { readonly sealed: SealedHeader; readonly work: bigint };

  private constructor({ node, close }: AttackerNode, curtain: Curtain) {
    this.#node = node;
    this.#curtain = curtain;
    this.#close = close;
    this.#fork = { sealed: node.ledger.head, work: 0n };
  }

  /** Joins as any node does. */
  static async open(place: AttackerPlace): Promise<PrivateFork> {
    const curtain = new Curtain(await openAttackerNetwork(place));
    return new PrivateFork(await openAttackerNode(place, curtain), curtain);
  }

  get peerId(): string {
    return this.#curtain.self;
  }

  get address(): string {
    return this.#curtain.addresses()[0] ?? '';
  }

  get head(): SealedHeader {
    return this.#node.ledger.head;
  }

  get peers(): number {
    return this.#curtain.peers().length;
  }

  /** Lowers the curtain on the present head, pays before it, and keeps the contradiction behind it. */
  async begin({ payment, conflict }: DoubleSpend): Promise<void> {
    this.#fork = { sealed: this.head, work: this.#node.engine.view().head.work };
    this.#curtain.hide();
    await this.#curtain.publishOpenly('transactions', encodeBatch([payment]));
    await this.#node.pipeline.submitted([conflict], 'attacker');
  }

  /** Mines the secret branch until the peers have adopted it, or it is hopeless; follows the public chain again after that. */
  async race({ isDelivered, giveUpBehind, signal }: RacePlan): Promise<RaceEnd> {
    let isShown = false;
    let blocks = { privateBlocks: 0, publicBlocks: 0 };
    const peers = new PeersBranch(this.#curtain, this.#fork.sealed);
    this.#node.producer.start();
    try {
      return await until('the race to end', raceMsMax, async () => {
        signal.throwIfAborted();
        const [ours = null] = await this.#node.reader.headersFrom(this.#fork.sealed.header.height + 1, 1);
        const { isAdopted, theirs } = await peers.look(ours);
        if (isAdopted) return { outcome: 'won' as const, ...blocks };
        blocks = {
          privateBlocks: this.head.header.height - this.#fork.sealed.header.height,
          publicBlocks: theirs.length,
        };
        if (blocks.publicBlocks - blocks.privateBlocks >= giveUpBehind)
          return { outcome: 'gave up' as const, ...blocks };
        const isHeavier = this.#node.engine.view().head.work - this.#fork.work > workOfAll(theirs);
        if (!isShown && isHeavier && isDelivered(blocks.publicBlocks)) {
          isShown = true;
          await this.#curtain.show();
        }
        return null;
      });
    } finally {
      this.#node.producer.stop();
      this.#curtain.open();
    }
  }

  close(): Promise<void> {
    return this.#close();
  }
}
