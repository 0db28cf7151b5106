/**
 * A node of which only the judgement is real: the engine, through the seam that the daemon uses, with a ledger that says yes to every
 * switch. It decides which branch is best and what the next block must look like; blocks are sealed headers with true work.
 */
import { type Header, headerVersion, type SealedHeader } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import { type Genesis, genesisVersion, type Member, type Params } from '../../chain/genesis.ts';
import { makeGenesisBlock } from '../../chain/genesis-block.ts';
import { zeroHash } from '../../chain/hash.ts';
import { publicKeyLength } from '../../chain/keys.ts';
import { defaultParams } from '../../chain/params.ts';
import type { EngineContext, EngineEvent, Template } from '../../consensus/engine.ts';
import type { EngineInstance } from '../../consensus/instance.ts';
import { createEngine } from '../../consensus/registry.ts';
import { NonceSearch } from './nonce-search.ts';

/** Unix milliseconds of the genesis of every experiment. */
export const genesisTime = 1_700_000_000_000;

/** How a node's ledger moved. */
export interface Switch {
  readonly undo: readonly Uint8Array[];
  readonly apply: readonly Uint8Array[];
}

/** A network of proof of work whose genesis differs from the default by these parameters; with members, blocks become final (`pow-paxos`). */
export function powContext(changes: Partial<Params>, members: readonly Member[] = []): EngineContext {
  const engine = members.length === 0 ? 'pow' : 'pow-paxos';
  const genesis: Genesis = {
    version: genesisVersion,
    name: 'experiment',
    engine,
    time: genesisTime,
    schedule: [{ height: 0, params: defaultParams(engine, { testNetwork: 1, ...changes }) }],
    members,
    minters: [],
    allocations: [],
  };
  return { genesis, genesisHeader: makeGenesisBlock(genesis), self: null, signer: null, seed: 1n };
}

export class EngineNode {
  readonly #engine: EngineInstance;
  readonly #producer: Uint8Array;
  #template: Template | null = null;

  /** `producer` (0 to 255) goes into the headers that it mines, so that it can be told who found a block. */
  constructor(context: EngineContext, producer: number) {
    const engine = createEngine(context.genesis.engine);
    if (!engine.ok) throw new Error(engine.error.detail);
    const applied = context.genesisHeader.hash;
    this.#engine = engine.value.recover(context, { records: [], tree: [], applied, floor: 0 });
    this.#producer = new Uint8Array(publicKeyLength).fill(producer);
    this.#step({ type: 'start', now: context.genesis.time });
  }

  /** What the engine wants the next block to be. */
  get template(): Template {
    if (this.#template === null) throw new Error('the engine has not asked for a block');
    return this.#template;
  }

  get height(): number {
    return this.template.height - 1;
  }

  get headKey(): string {
    return toHex(this.template.parent);
  }

  /** The headers from block 0 to the head, or from the lowest that the engine holds. */
  chain(): readonly Header[] {
    const headers: Header[] = [];
    for (let next = this.#engine.header(this.template.parent); next !== null; ) {
      headers.push(next.header);
      next = this.#engine.header(next.header.parent);
    }
    return headers.reverse();
  }

  /** Hashes in hexadecimal of the same blocks. */
  chainKeys(): readonly string[] {
    const keys: string[] = [];
    for (
      let next = this.#engine.header(this.template.parent);
      next !== null;
      next = this.#engine.header(next.header.parent)
    )
      keys.push(next.hashHex);
    return keys;
  }

  /** Hands over blocks, headers and bodies, parents first. Gives how the ledger moved. Throws when the engine refuses one. */
  deliver(blocks: readonly SealedHeader[], nowMs: number): readonly Switch[] {
    const now = Math.floor(nowMs);
    const switches = [...this.#step({ type: 'headers', now, from: 'peer', headers: blocks })];
    for (const { hash } of blocks) switches.push(...this.#step({ type: 'body', now, hash }));
    return switches;
  }

  /** A message that convinces whoever sends it, its signatures checked. Gives how the ledger moved. */
  hear(message: Uint8Array, nowMs: number): readonly Switch[] {
    return this.#step({ type: 'message', now: Math.floor(nowMs), from: 'peer', member: null, message });
  }

  /** All up to here is final. */
  get finalHeight(): number {
    return this.#engine.finalHeight();
  }

  /** Begins to look for the next block, at this time. `start` (32 bytes) is the first nonce. */
  search(nowMs: number, start: Uint8Array, transactionsRoot: Uint8Array = zeroHash): NonceSearch {
    const { height, parent, bits, timeMin, extension } = this.template;
    const roots = { transactionsRoot, receiptsRoot: zeroHash, stateRoot: zeroHash };
    const time = Math.max(timeMin, Math.floor(nowMs));
    const header = {
      version: headerVersion,
      height,
      parent,
      ...roots,
      time,
      bits,
      producer: this.#producer,
      extension,
    };
    return new NonceSearch(header, start);
  }

  /** Finds the next block at this time, by as many trials as it takes. The node itself does not know it before it is delivered. */
  mine(nowMs: number, start: Uint8Array = zeroHash, transactionsRoot: Uint8Array = zeroHash): SealedHeader {
    const search = this.search(nowMs, start, transactionsRoot);
    for (;;) {
      const sealed = search.try();
      if (sealed !== null) return sealed;
    }
  }

  #step(event: EngineEvent<Uint8Array>): readonly Switch[] {
    const switches: Switch[] = [];
    const queue: EngineEvent<Uint8Array>[] = [event];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      for (const effect of this.#engine.step(next)) {
        if (effect.type === 'mine') this.#template = effect.template;
        if (effect.type === 'penalize' || effect.type === 'halt') throw new Error(`${effect.code}: ${effect.detail}`);
        if (effect.type !== 'switch') continue;
        switches.push(effect);
        queue.push({ type: 'applied', now: next.now, tip: effect.apply.at(-1) ?? effect.ancestor });
      }
    }
    return switches;
  }
}
