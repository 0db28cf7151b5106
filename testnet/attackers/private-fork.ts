/**
 * The double spend. The attack: pay on the public chain, mine a branch in secret from the block below the payment, with
 * a transaction that contradicts it; when the victim has delivered and the secret branch is heavier, publish it, and the payment was never made.
 * The defence: confirmations. With less than half of the hash rate the branch falls behind with every block that the victim waits; against more
 * there is none in proof of work alone, and the rate of success is PROTOCOLS 10.1's. With `pow-paxos` a branch is refused that misses what the
 * committee made final, whatever its work (F-3). THREATS.md C1.
 */
import type { SealedHeader } from '../../chain/block.ts';
import type { Node } from '../../daemon/node.ts';
import type { Clock } from '../../daemon/ports.ts';
import { encodeBatch } from '../../daemon/wire.ts';
import { Curtain } from './curtain.ts';
import { type DoubleSpend, makeDoubleSpend } from './double-spend.ts';
import { PeersBranch, workOfAll } from './peers-branch.ts';
import type { AttackerParts, Policy } from './policy.ts';

/** Between two looks at the race. */
const lookMs = 50;
/** Between two double spends, and what their victims wait for. */
const restMs = 10_000;
const confirmations = 2;
const giveUpBehind = 6;
/** Blocks that the public branch grows by, beside a heavier one that was shown, before that counts as refused. */
const refusedAfter = 3;

export interface RacePlan {
  /** Whether the victim has delivered, so that there is something to be gained; told how many blocks the public branch has. */
  readonly isDelivered: (publicBlocks: number) => boolean;
  /** Behind the public branch by so many blocks, at any time, it gives up. */
  readonly giveUpBehind: number;
  /** Whether the payment is final, so that nobody follows a branch without it. */
  readonly isFinal: () => boolean;
  /** Ends it; null where its world does. */
  readonly signal: AbortSignal | null;
}

export interface RaceEnd {
  readonly outcome: 'won' | 'gave up' | 'was refused';
  /** Blocks of both branches, when they were last seen apart. */
  readonly privateBlocks: number;
  readonly publicBlocks: number;
}

/** One double spend after the other; the victim is whoever believes a put of so many confirmations. */
export function privateFork(parts: AttackerParts): Policy {
  return doubleSpender(parts, { confirmations, giveUpBehind });
}

export function doubleSpender(parts: AttackerParts, patience: { confirmations: number; giveUpBehind: number }): Policy {
  const { genesis, signerOf, chance, clock, deeds, onAttack } = parts;
  const curtain = new Curtain(node => {
    spendTwice(new PrivateFork(node, curtain)).catch(error => onAttack(`the attacks ended: ${String(error)}`));
  });
  return curtain;

  async function spendTwice(fork: PrivateFork): Promise<void> {
    const isDelivered = (publicBlocks: number) => publicBlocks >= patience.confirmations;
    for (let number = 1; ; number++) {
      await pause(clock, restMs);
      const spend = makeDoubleSpend(genesis, `attack/private-fork/${number}`, signerOf(chance.bytes(32)));
      for (const { idHex } of [spend.payment, spend.conflict]) deeds.own(idHex);
      await fork.begin(spend);
      onAttack(`paid with ${spend.payment.idHex.slice(0, 8)}, and mines in secret`);
      // Whoever has less than half of the work falls behind, refused or not.
      const plan = { isDelivered, giveUpBehind: patience.giveUpBehind, isFinal: () => false };
      const { outcome } = await fork.race({ ...plan, signal: null });
      onAttack(`the race has ended: ${outcome}`);
    }
  }
}

export class PrivateFork {
  readonly #node: Node;
  readonly #curtain: Curtain;
  /** Where the branches part: a block of both, and the work up to it. */
  #fork: { readonly sealed: SealedHeader; readonly work: bigint };

  /** Behind this curtain. */
  constructor(node: Node, curtain: Curtain) {
    this.#node = node;
    this.#curtain = curtain;
    this.#fork = { sealed: node.ledger.head, work: 0n };
  }

  get head(): SealedHeader {
    return this.#node.ledger.head;
  }

  /** Lowers the curtain on the present head, pays before it, and keeps the contradiction behind it. */
  async begin({ payment, conflict }: DoubleSpend): Promise<void> {
    this.#fork = { sealed: this.head, work: this.#node.engine.view().head.work };
    this.#curtain.hide();
    await this.#curtain.publishOpenly('transactions', encodeBatch([payment]));
    await this.#node.pipeline.submitted([conflict], 'attacker');
  }

  /** Mines the secret branch until the peers have adopted it, or it is hopeless; follows the public chain again after that. */
  async race({ signal, ...plan }: RacePlan): Promise<RaceEnd> {
    const { clock } = this.#node.ports;
    const peers = new PeersBranch(this.#curtain, clock, this.#fork.sealed);
    const seen: Seen = { shownAt: null, privateBlocks: 0, publicBlocks: 0 };
    this.#node.producer.start();
    try {
      for (;;) {
        signal?.throwIfAborted();
        const outcome = await this.#look(peers, plan, seen);
        const { privateBlocks, publicBlocks } = seen;
        if (outcome !== null) return { outcome, privateBlocks, publicBlocks };
        await pause(clock, lookMs);
      }
    } finally {
      this.#node.producer.stop();
      this.#curtain.open();
    }
  }

  /** How the race has ended, or null. */
  async #look(
    peers: PeersBranch,
    { isDelivered, giveUpBehind, isFinal }: Omit<RacePlan, 'signal'>,
    seen: Seen,
  ): Promise<RaceEnd['outcome'] | null> {
    const { sealed, work } = this.#fork;
    const [ours = null] = await this.#node.reader.headersFrom(sealed.header.height + 1, 1);
    const { isAdopted, theirs } = await peers.look(ours);
    if (isAdopted) return 'won';
    seen.privateBlocks = this.head.header.height - sealed.header.height;
    seen.publicBlocks = theirs.length;
    if (seen.publicBlocks - seen.privateBlocks >= giveUpBehind) return 'gave up';
    const isHeavier = this.#node.engine.view().head.work - work > workOfAll(theirs);
    const isOutgrown = seen.shownAt !== null && seen.publicBlocks - seen.shownAt >= refusedAfter;
    if (isHeavier && isOutgrown && isFinal()) return 'was refused';
    if (isHeavier && seen.shownAt === null && isDelivered(seen.publicBlocks)) {
      seen.shownAt = seen.publicBlocks;
      await this.#curtain.show();
    }
    return null;
  }
}

/** What was seen of a race: the blocks of both branches, and how many the public one had when ours was shown. */
interface Seen {
  shownAt: number | null;
  privateBlocks: number;
  publicBlocks: number;
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise(resolve => {
    clock.setTimer(ms, resolve);
  });
}
