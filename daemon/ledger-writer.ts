/**
 * The only writer of the ledger. It carries out the engine's switches: what is to become canonical is executed in an overlay first
 * (ledger-step.ts), then written. A switch is cut into steps; each is one atomic, synced batch, so readers and a crash see the chain
 * before a step or after it, never between. A reorg that fits one step is atomic as a whole.
 */
import type { Block, Header, SealedHeader } from '../chain/block.ts';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { accept, KvchainError, type Result, reject } from '../chain/errors.ts';
import { paramsAt } from '../chain/genesis.ts';
import { type Applied, BlockExecution, checkStateRoot, touchedBy } from '../chain/ledger.ts';
import { merkleRoot } from '../chain/merkle.ts';
import { isEnforced } from '../chain/rules.ts';
import { Overlay, pathOf, type StateWrite, treeUpdates } from '../chain/state.ts';
import { runRecordsMax, StateTree, type StateUpdate } from '../chain/state-tree.ts';
import type { StateProof, Subtree } from '../chain/state-tree-proof.ts';
import type { Transaction } from '../chain/transaction.ts';
import type { Template } from '../consensus/engine.ts';
import { type ChainStore, expectRow } from './chain-store.ts';
import type { SwitchOrder, SwitchOutcome } from './driver.ts';
import { LedgerStep, type MovedBlock, type StepParts, stepLimits } from './ledger-step.ts';
import { LoadedState } from './loaded-state.ts';
import { inSlices } from './pace.ts';
import { PreparedBlocks } from './prepared-blocks.ts';

/** Proofs and past readings are given for the head and this many blocks below it. */
export const proofDepthMax = 128;
/** Changes of the state that are taken back, and put again, for a proof below the head: full blocks bring the height nearer. */
export const proofChangesMax = 5_000;

/** Changes of the state that a template may stand on above the head: for each template the tree is taken there and back. */
const aheadChangesMax = 5_000;

export interface LedgerParts extends StepParts {
  /** How each step's batch is written; `lazy` where what a crash takes is applied again. */
  readonly durability: 'durable' | 'lazy';
  /** Called in order, after a step's batch is written. */
  readonly onStep: (moved: readonly MovedBlock[], head: SealedHeader) => Promise<void>;
}

export interface PrepareOrder {
  /** Public key of the producer. */
  readonly producer: Uint8Array;
  readonly time: number;
  readonly transactions: readonly Transaction[];
  /** Transactions are added for so long, and the block holds those that were by then; without it, all are. */
  readonly addingMs?: number;
}

/** What a producer seals: the header but for its nonce, and what is in the block. */
export interface Candidate {
  readonly header: Header;
  readonly transactions: readonly Transaction[];
}

/** What was picked for a block, executed. It holds for every template on this parent, whatever its time. */
interface PreparedBody {
  readonly parent: Uint8Array;
  readonly producer: Uint8Array;
  readonly picked: readonly Transaction[];
  readonly transactions: readonly Transaction[];
  readonly applied: Applied;
  readonly transactionsRoot: Uint8Array;
  readonly stateRoot: Uint8Array;
}

/** A block of this node's own, with what it will give once it is applied. */
export interface OwnBlock {
  readonly block: Block;
  readonly applied: Applied;
}

interface Added {
  readonly transactions: readonly Transaction[];
  /** How many candidates were tried. */
  readonly looked: number;
}

export interface ProvenRecord {
  readonly sealed: SealedHeader;
  readonly record: Uint8Array | null;
  readonly proof: StateProof;
}

export class LedgerWriter {
  readonly #parts: LedgerParts;
  readonly #tree: StateTree;
  #head: SealedHeader;
  /** Switches, templates, proofs and reads that were overtaken take turns: each finds the tree as the last one left it. */
  #turn: Promise<unknown> = Promise.resolve();
  #switchesWaiting = 0;
  #writing: Promise<void> | null = null;
  /** The newest one: until a block or a transaction comes, the next template has no other. */
  #body: PreparedBody | null = null;
  readonly #prepared = new PreparedBlocks();

  private constructor(parts: LedgerParts, head: SealedHeader, tree: StateTree) {
    this.#parts = parts;
    this.#head = head;
    this.#tree = tree;
  }

  /** Opens the ledger where the last batch left it: the state tree is rebuilt from its leaves. Error: DATABASE_DAMAGED. */
  static async open(parts: LedgerParts): Promise<LedgerWriter> {
    const head = await tipOf(parts.chain);
    const tree = StateTree.build(await parts.chain.leaves());
    const checked = checkStateRoot(head.header, tree.root());
    if (!checked.ok) expectRow(null, `a leaf of the state at height ${head.header.height} (${checked.error.detail})`);
    return new LedgerWriter(parts, head, tree);
  }

  /** As `open`, faster where `keepLeaves` left a copy at this head; a copy that is wrong is told and not used. */
  static async reopen(parts: LedgerParts, onFault: (error: unknown) => void): Promise<LedgerWriter> {
    const head = await tipOf(parts.chain);
    const tree = await keptTree(parts.chain, head).catch(error => {
      onFault(error);
      return null;
    });
    return tree === null ? LedgerWriter.open(parts) : new LedgerWriter(parts, head, tree);
  }

  /** Leaves a copy of the tree's leaves for `reopen`. Error: DISK_FAILED. */
  keepLeaves(): Promise<void> {
    return this.inTurn(() => this.#parts.chain.keepLeaves(this.#head.hash, this.#tree.runs(runRecordsMax)));
  }

  /** Where readers stand. */
  get head(): SealedHeader {
    return this.#head;
  }

  /** The batch that is being written, or null; it fulfils when that is over, well or not. Meanwhile rows may be of the next head. */
  get writing(): Promise<void> | null {
    return this.#writing;
  }

  /** Keys, accounts and the supply in the state. */
  get stateSize(): number {
    return this.#tree.size;
  }

  /** What hangs in the state tree `depth` levels down; to be called in turn, or while a step is told. */
  subtrees(depth: number): readonly (Subtree | null)[] {
    return this.#tree.subtrees(depth);
  }

  /** Carries out a switch. An invalid block in a reorg changes nothing; behind a valid beginning without undo, that beginning stays. */
  switchTo(order: SwitchOrder): Promise<SwitchOutcome> {
    this.#switchesWaiting += 1;
    return this.inTurn(async () => {
      this.#switchesWaiting -= 1;
      const { undo, apply } = order;
      let undone = 0;
      let applied = 0;
      while (undone < undo.length || applied < apply.length) {
        const undoNow = undo.slice(undone, undone + stepLimits.blocks);
        undone += undoNow.length;
        const applyNow = undone < undo.length ? [] : apply.slice(applied, applied + stepLimits.blocks - undoNow.length);
        const done = await this.#step(undoNow, applyNow);
        if (done.invalid) return { tip: this.#head.hash, invalid: done.invalid };
        applied += done.applied;
      }
      return { tip: this.#head.hash, invalid: null };
    });
  }

  /**
   * The blocks of this node's own templates between the head and `parent`, that one included, the oldest first; none where it is the head.
   * Null where other blocks lie between, where it is no descendant of the head, or where there is more than a template may stand on.
   */
  ahead(parent: Uint8Array): readonly OwnBlock[] | null {
    const found: OwnBlock[] = [];
    let changes = 0;
    for (let hash = parent; !equalBytes(hash, this.#head.hash); hash = found[0]?.block.header.parent ?? hash) {
      const block = this.#parts.chain.freshBlock(hash);
      const applied = block && this.#prepared.appliedBy(block);
      if (applied === null || block === null) return null;
      changes += applied.changes.length;
      if (changes > aheadChangesMax) return null;
      found.unshift({ block, applied });
    }
    return found;
  }

  /**
   * Executes picked transactions on the template's parent, leaving out what may not be included. The parent is the head, or a block of this
   * node that is not applied yet (`ahead`): what it will give lies over the state then. Null when it is neither, or the head is about to move.
   */
  prepare(template: Template, order: PrepareOrder): Promise<Candidate | null> {
    return this.inTurn(async () => {
      const ahead = this.ahead(template.parent);
      if (ahead === null) return null;
      const known = this.#body;
      const body = known !== null && isOf(known, template, order) ? known : await this.#execute(template, order, ahead);
      if (body === null) return null;
      this.#body = body;
      const { transactions, applied, stateRoot, transactionsRoot } = body;
      const header: Header = {
        version: this.#head.header.version,
        height: template.height,
        parent: template.parent,
        transactionsRoot,
        receiptsRoot: applied.receiptsRoot,
        stateRoot,
        time: order.time,
        bits: template.bits,
        producer: order.producer,
        extension: template.extension,
      };
      this.#prepared.keep(header, applied);
      return { header, transactions };
    });
  }

  /**
   * The record at a state key, and its proof, as of a canonical block. To be called in turn. At the head it costs one walk down the tree;
   * below, the tree is taken back to that height and forth again, in slices. Error: HEIGHT_UNAVAILABLE above the head, more than
   * `proofDepthMax` blocks or the undo window below it, or where the blocks above changed the state more than `proofChangesMax` times.
   */
  async proveRecord(stateKey: Uint8Array, height: number): Promise<Result<ProvenRecord>> {
    const past = await this.#before(height);
    if (!past.ok) return past;
    const before = past.value;
    const [sealed] = await this.#parts.chain.canonicalHeaders(height, 1);
    const [now] = await this.#parts.chain.records([stateKey]);
    const change = before.get(toHex(stateKey));
    const proof = await inSlices(this.#parts.clock, this.#proveAfter([...before.values()], pathOf(stateKey)));
    const record = change === undefined ? (now ?? null) : change.after;
    return accept({ sealed: expectRow(sealed ?? null, `header of block ${height}`), record, proof });
  }

  /** Does `work` while the ledger stands still, which waits for it; a failed one does not stop the next. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.inTurn(async () => {});
  }

  async #step(undo: readonly Uint8Array[], apply: readonly Uint8Array[]) {
    const step = new LedgerStep(this.#parts, this.#tree, this.#head);
    const done = await step.execute(undo, apply, this.#prepared);
    if (step.moved.length === 0) return done;
    const durability = isEnforced('ledger durable') ? this.#parts.durability : 'lazy';
    const written = this.#parts.chain.write(step.writes, durability, 'ledger-step');
    this.#writing = written.catch(() => {});
    try {
      await written;
      this.#head = step.head;
      this.#prepared.forgetUpTo(step.head.header.height);
    } catch (error) {
      await step.putBack();
      throw error;
    } finally {
      this.#writing = null;
    }
    await this.#parts.onStep(step.moved, step.head);
    return done;
  }

  async #execute(template: Template, order: PrepareOrder, ahead: readonly OwnBlock[]): Promise<PreparedBody | null> {
    const { genesis, chain, clock } = this.#parts;
    const { producer, transactions: picked } = order;
    const { parent, height } = template;
    const stored = new LoadedState(chain);
    await stored.load(touchedBy(picked, producer));
    const state = new Overlay(stored);
    for (const { applied } of ahead) state.absorb(applied.changes);
    const execution = new BlockExecution({ genesis, params: paramsAt(genesis, height), height, producer, state });
    // On the head a template is of no use once that moves; on a block of this node it is still.
    const givesUp = () => ahead.length === 0 && this.#switchesWaiting > 0;
    const added = await inSlices(clock, this.#addAll(execution, order, givesUp));
    if (added === null) return null;
    const { transactions, looked } = added;
    const applied = execution.finish();
    return {
      parent,
      producer,
      picked: picked.slice(0, looked),
      transactions,
      applied,
      transactionsRoot: merkleRoot(transactions.map(({ witnessId }) => witnessId)),
      stateRoot: await inSlices(clock, this.#rootWith([...ahead.map(own => own.applied.changes), applied.changes])),
    };
  }

  /** The transactions that may be included, of as many as were looked at in time; null as soon as it gives up. */
  *#addAll(
    execution: BlockExecution,
    { transactions, addingMs = Number.POSITIVE_INFINITY }: PrepareOrder,
    givesUp: () => boolean,
  ): Generator<undefined, Added | null, undefined> {
    const { clock } = this.#parts;
    const begin = clock.monotonic();
    const included: Transaction[] = [];
    let looked = 0;
    for (const transaction of transactions) {
      if (givesUp()) return null;
      if (clock.monotonic() - begin >= addingMs) break;
      looked++;
      if (execution.add(transaction).ok) included.push(transaction);
      yield;
    }
    return { transactions: included, looked };
  }

  /** The proof of what stands at `path` once these changes are made; they are taken back in any case. */
  *#proveAfter(changes: readonly StateWrite[], path: Uint8Array): Generator<undefined, StateProof, undefined> {
    const back = yield* this.#tree.updateInSteps(treeUpdates(changes));
    try {
      return this.#tree.prove(path);
    } finally {
      yield* this.#tree.updateInSteps(back);
    }
  }

  /** The root once the changes of these blocks are made, one after the other; they are taken back. */
  *#rootWith(blocks: readonly (readonly StateWrite[])[]): Generator<undefined, Uint8Array, undefined> {
    const back: (readonly StateUpdate[])[] = [];
    for (const changes of blocks) back.push(yield* this.#tree.updateInSteps(treeUpdates(changes)));
    const root = this.#tree.root();
    for (const inverse of back.reverse()) yield* this.#tree.updateInSteps(inverse);
    return root;
  }

  /** What differed at `height` from now, by state key: the oldest undo record that names a state key has its record. */
  async #before(height: number): Promise<Result<ReadonlyMap<string, StateWrite>>> {
    const top = this.#head.header.height;
    const { undoBlocksMax } = paramsAt(this.#parts.genesis, top);
    const lowest = Math.max(0, top - Math.min(proofDepthMax, undoBlocksMax));
    if (height < lowest || height > top) {
      return reject('HEIGHT_UNAVAILABLE', `height ${height}, proofs reach from ${lowest} to ${top}`);
    }
    const before = new Map<string, StateWrite>();
    let changes = 0;
    for (let undone = top; undone > height; undone--) {
      const undo = expectRow(await this.#parts.chain.undo(undone), `undo record of block ${undone}`);
      changes += undo.changes.length;
      if (changes > proofChangesMax) {
        const busy = `blocks ${undone} to ${top} changed the state ${changes} times`;
        return reject(
          'HEIGHT_UNAVAILABLE',
          `height ${height}: ${busy}, proofs go back over at most ${proofChangesMax}`,
        );
      }
      for (const change of undo.changes) before.set(toHex(change.stateKey), change);
    }
    return accept(before);
  }
}

function isOf({ parent, producer, picked }: PreparedBody, template: Template, order: PrepareOrder): boolean {
  const isSamePlace = equalBytes(parent, template.parent) && equalBytes(producer, order.producer);
  const { transactions } = order;
  return isSamePlace && picked.length === transactions.length && picked.every((one, at) => one === transactions[at]);
}

async function tipOf(chain: ChainStore): Promise<SealedHeader> {
  const tip = expectRow(await chain.tip(), 'tip');
  return expectRow(await chain.header(tip.hash), 'header of the tip').sealed;
}

async function keptTree(chain: ChainStore, head: SealedHeader): Promise<StateTree | null> {
  const kept = await chain.keptLeaves(head.hash);
  if (kept === null) return null;
  const tree = StateTree.build(kept);
  const checked = checkStateRoot(head.header, tree.root());
  if (checked.ok) return tree;
  throw new KvchainError('DATABASE_DAMAGED', `the copy of the leaves is not used: ${checked.error.detail}`);
}
