/**
 * The invariants of proof of work (PROTOCOLS 2.8), checked while the simulation runs, at every change of a head: A-I1 the work of the
 * head never decreases, A-I2 the chain is connected, A-I4 everything is bounded, A-I7 what a node took is in its mempool or its chain.
 * A-I3, A-I5 and A-I8 are checked at the end (verdict.ts, and by running a seed twice).
 */
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { paramsAt } from '../../chain/genesis.ts';
import { mempoolLimits } from '../../chain/mempool-admission.ts';
import { bodiesWantedMax } from '../../consensus/engine.ts';
import type { Node } from '../../daemon/node.ts';
import type { LedgerEvent } from '../../daemon/node-api.ts';
import type { PeerId } from '../../daemon/ports.ts';
import type { Deeds } from '../attackers/deeds.ts';
import { ChainMirror, type Moved } from './chain-mirror.ts';
import { LeftBranches } from './left-branches.ts';
import { short, type Trace } from './trace.ts';

/** A transaction that a client sent, with its rivals of the same nonce: one of them must get in. */
export interface Submission {
  readonly idHexes: readonly string[];
}

interface Watched {
  readonly node: Node;
  readonly mirror: ChainMirror;
  /** What this run of the node said yes to. */
  readonly taken: Set<Submission>;
  /** Blocks of the switches that are under way, or have ended and were not judged. */
  undone: number;
  /** Height of the last block that the branches before and after them have in common. */
  forkHeight: number;
  /** Of the head before them. */
  work: bigint;
  /** Why its head should be left: said of a node that does not leave it for a final block. */
  owes: string | null;
  readonly leftBranches: LeftBranches;
}

export interface ChecksParts {
  readonly trace: Trace;
  readonly deeds: Deeds;
  /** Whether a block must not be ahead of its time: nobody minds where a majority of members vouches for it. */
  readonly limitsTime: boolean;
  /** Whether a crash may take blocks from a ledger, which applies them again. */
  readonly isLedgerLazy: boolean;
  /** Told of each event of a ledger, when its mirror has followed. */
  readonly onEvent: (name: PeerId, event: LedgerEvent, mirror: ChainMirror) => void;
}

export class Checks {
  readonly #parts: ChecksParts;
  readonly #blamed = new Set<PeerId>();
  readonly #watched = new Map<PeerId, Watched>();
  readonly #work = new Map<PeerId, bigint>();
  /** By machine that died: the chain that it showed last. */
  readonly #left = new Map<PeerId, ChainMirror>();
  readonly #moved = new Set<PeerId>();
  readonly #failures: string[] = [];
  #reorgDepthMax = 0;

  constructor(parts: ChecksParts) {
    this.#parts = parts;
  }

  /** What was found wrong first, or null. */
  get failure(): string | null {
    return this.#failures[0] ?? null;
  }

  /** Most blocks that one switch of a node undid. */
  get reorgDepthMax(): number {
    return this.#reorgDepthMax;
  }

  fail(who: string, what: string): void {
    this.#parts.trace.add(who, 'FAILED', what);
    this.#failures.push(`${who}: ${what}`);
  }

  /** The chain of a node that is open, or null. */
  mirror(name: PeerId): ChainMirror | null {
    return this.#watched.get(name)?.mirror ?? null;
  }

  /** Looks on from now. The head that a crash leaves has no less work than the last that the node showed. */
  async watch(name: PeerId, node: Node): Promise<void> {
    const mirror = await ChainMirror.read(node);
    const switching = { undone: 0, forkHeight: 0, work: mirror.work, owes: null };
    const watched: Watched = { node, mirror, taken: new Set(), ...switching, leftBranches: new LeftBranches(node) };
    const left = this.#left.get(name);
    // F-3: it died when its disk had left the branch that it showed for a final one, and nobody had been told.
    if (left !== undefined && isForced(node, mirror.commonHeight(left))) this.#work.delete(name);
    this.#watched.set(name, watched);
    this.#moved.add(name);
    node.events.subscribe(event => {
      this.#follow(name, watched, event);
      this.#parts.onEvent(name, event, mirror);
    });
  }

  #follow(name: PeerId, watched: Watched, event: LedgerEvent): void {
    if (event.type === 'final' || event.type === 'finality_conflict') return;
    if (event.type === 'head') {
      this.#onHead(name, watched);
      return;
    }
    if (event.type === 'undone') {
      // The next switch may begin before the one that left this branch was judged: its fork is higher then.
      watched.forkHeight = Math.min(watched.undone === 0 ? event.height : watched.forkHeight, event.height - 1);
      watched.undone += 1;
    }
    const fault = watched.mirror.follow(event) ?? this.#adoptionFault(watched.node, event);
    if (fault !== null) this.fail(name, fault);
  }

  /** The machine begins anew, with an empty disk: nothing of what it was holds any more. */
  begin(name: PeerId): void {
    this.forget(name);
    this.#work.delete(name);
    this.#left.delete(name);
  }

  /** The node is gone; what it said before is void, but for its head. */
  forget(name: PeerId): void {
    const watched = this.#watched.get(name);
    // A switch of more than one step (docs/decisions/0007) that death cut short leaves the last step that was carried out.
    if (watched !== undefined && watched.undone > 0) this.#work.set(name, watched.mirror.work);
    if (this.#parts.isLedgerLazy) this.#work.delete(name);
    if (watched !== undefined) this.#left.set(name, watched.mirror);
    this.#watched.delete(name);
    this.#moved.delete(name);
  }

  /** Somebody honest made this attacker pay. */
  blamed(attacker: PeerId): void {
    this.#blamed.add(attacker);
  }

  hasBlamed(attacker: PeerId): boolean {
    return this.#blamed.has(attacker);
  }

  taken(name: PeerId, submission: Submission): void {
    this.#watched.get(name)?.taken.add(submission);
    this.#moved.add(name);
  }

  /** To be called when everything is at rest. */
  afterEvent(): void {
    for (const name of this.#moved) {
      const watched = this.#watched.get(name);
      if (watched) this.#check(name, watched);
    }
    this.#moved.clear();
  }

  /** What is wrong with a block that a node made canonical now, or null. */
  #adoptionFault(node: Node, { type, hash, time, height }: Moved): string | null {
    if (type === 'undone') return null;
    const rule = this.#parts.deeds.ruleOf(toHex(hash));
    if (rule !== null) return `${rule}: block ${toHex(hash)}, which breaks this rule, is adopted`;
    const aheadMs = time - node.ports.clock.now();
    const { maxDriftMs } = paramsAt(node.genesis, height);
    return this.#parts.limitsTime && aheadMs > maxDriftMs
      ? `A-V5: block ${toHex(hash)} is adopted ${aheadMs} ms before its time`
      : null;
  }

  #onHead(name: PeerId, watched: Watched): void {
    const { mirror, undone } = watched;
    // A-I6: how far two chains of the same node ever differed; the report of a run tells it.
    this.#reorgDepthMax = Math.max(this.#reorgDepthMax, undone);
    this.#parts.trace.add(name, undone > 0 ? `reorg-${undone}` : 'head', `${short(mirror.hash)} ${mirror.height}`);
    this.#moved.add(name);
  }

  /** A-F1, when a switch has ended: between its steps the head may have less work than before. */
  #judgeSwitch(name: PeerId, watched: Watched): void {
    const { node, mirror, undone } = watched;
    if (undone > 0 && !isForced(node, watched.forkHeight) && mirror.work <= watched.work)
      this.fail(name, `A-F1: a switch from work ${watched.work} to ${mirror.work}`);
    if (undone > 0 && isForced(node, watched.forkHeight)) watched.owes = null;
    watched.work = mirror.work;
    watched.undone = 0;
  }

  /** To be called when no block is on its way any more: who had a head that is to be left has left it. */
  atRest(): void {
    for (const [name, { owes }] of this.#watched) if (owes !== null) this.fail(name, owes);
  }

  #check(name: PeerId, watched: Watched): void {
    const { node, mirror, taken } = watched;
    // Another write may be under way already when the engine has heard that the switch ended.
    if (watched.undone > 0 && isForced(node, watched.forkHeight)) this.#work.delete(name);
    // A switch of more than one step goes on at once with the next: the engine hears of its end alone.
    const isSwitching = node.ledger.writing !== null;
    if (!isSwitching) this.#judgeSwitch(name, watched);
    const view = node.engine.view();
    const before = this.#work.get(name) ?? 0n;
    if (view.head.work < before) this.fail(name, `A-I1: the head's work fell from ${before} to ${view.head.work}`);
    this.#work.set(name, view.head.work);
    if (view.bestHeader.work < view.head.work) {
      const fault = `A-H4: the best header has work ${view.bestHeader.work}, the head ${view.head.work}`;
      // F-3: a final block on a lighter branch is known before the ledger has left for it.
      if (node.engine.canFinalize) watched.owes ??= fault;
      else this.fail(name, fault);
    }
    const isEngineThere = isSwitching || equalBytes(view.head.hash, mirror.hash);
    if (!isEngineThere || !equalBytes(node.ledger.head.hash, mirror.hash)) {
      this.fail(name, `A-I2: engine, ledger and events differ on the head at height ${mirror.height}`);
    }
    const grown = node.engine.canFinalize ? watched.leftBranches.look(mirror) : null;
    if (grown !== null) this.fail(name, grown);
    this.#checkBounds(name, node);
    this.#checkMempool(name, node);
    for (const submission of taken) {
      const isKept = submission.idHexes.some(idHex => node.mempool.has(idHex) || mirror.includes(idHex));
      if (isKept) continue;
      this.fail(name, `A-I7: transaction ${submission.idHexes[0]} is in neither mempool nor chain`);
    }
  }

  #checkMempool(name: PeerId, { mempool }: Node): void {
    for (const [idHex, rule] of this.#parts.deeds.transactions)
      if (mempool.has(idHex)) this.fail(name, `${rule}: transaction ${idHex}, which breaks this rule, is held`);
    const gapped = [...this.#parts.deeds.gappedTransactions].filter(idHex => mempool.has(idHex)).length;
    const { senderGappedMax } = mempoolLimits;
    if (gapped > senderGappedMax)
      this.fail(name, `A-I4: ${gapped} of one sender wait behind a gap, at most ${senderGappedMax}`);
  }

  #checkBounds(name: PeerId, node: Node): void {
    const { kept } = node.engine.view();
    const { count, bytes, gapped } = node.mempool.stats();
    const sizes: readonly (readonly [string, number, number])[] = [
      ...kept.map(({ what, count: size, max }) => [what, size, max] as const),
      ['missing bodies', node.sync.missing, bodiesWantedMax],
      ['transactions', count, mempoolLimits.transactionsMax],
      ['bytes of transactions', bytes, mempoolLimits.bytesMax],
      ['transactions behind gaps', gapped, mempoolLimits.gappedMax],
    ];
    for (const [what, size, most] of sizes) {
      if (size > most) this.fail(name, `A-I4: ${size} ${what}, at most ${most}`);
    }
  }
}

/** F-3: a block above the fork is final on the branch that this node stands on, so that the other one had to go whatever its work. */
function isForced({ engine }: Node, forkHeight: number): boolean {
  return engine.finalHeight() > forkHeight;
}

/** A line about a submission. */
export function nameOf({ idHexes }: Submission): string {
  return idHexes.map(idHex => idHex.slice(0, 8)).join('|');
}

/** A chain's head in words. */
export function tipText(mirror: ChainMirror): string {
  return `${toHex(mirror.hash).slice(0, 8)} at ${mirror.height}`;
}
