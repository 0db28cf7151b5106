/**
 * One member of a walk: an engine with a disk that keeps what a crash may leave, a store of bodies and a ledger that says yes. Its effects
 * wait in a queue and are carried out one by one, so that a crash can come between any two.
 */
import { headerVersion, type SealedHeader, seal } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import type { Engine, EngineContext, Template, TreeRow } from '../engine.ts';
import { emptyHeader } from '../engine-context.suite.ts';
import type { Random } from '../random.ts';
import { pointOf } from './block-log.ts';
import type { Message } from './messages.ts';
import type { PaxosOracle } from './oracle.ts';
import type { PaxosEvent } from './paxos.ts';
import type { LogRecord } from './records.ts';
import type { PaxosEffect, PaxosState } from './state.ts';

type PaxosEngine = Engine<PaxosState, Message, LogRecord>;

export interface Packet {
  readonly from: number;
  readonly to: number;
  readonly message?: Message;
  readonly headersAfter?: readonly Uint8Array[];
  readonly headers?: readonly SealedHeader[];
  readonly block?: SealedHeader;
}

/** What a member sees of the walk around it. */
export interface Wires {
  readonly context: EngineContext;
  readonly random: Random;
  readonly oracle: PaxosOracle;
  readonly members: readonly WalkMember[];
  post(packet: Packet): void;
  /** Makes a block another one than all before. */
  nextSalt(): Uint8Array;
}

export class WalkMember {
  readonly index: number;
  readonly #network: Wires;
  readonly #engine: PaxosEngine;
  readonly log: LogRecord[] = [];
  /** Records that no barrier waits for: in memory until the next one, as the driver has them. */
  #noted: LogRecord[] = [];
  /** So many of the records survive any crash. */
  #synced = 0;
  readonly rows = new Map<string, TreeRow>();
  /** The applied chain: index is height. */
  readonly ledger: SealedHeader[];
  #lives = 0;
  state: PaxosState | null = null;
  now: number;
  queue: PaxosEffect[] = [];
  wanted: readonly Uint8Array[] = [];
  template: Template | null = null;
  order: Extract<PaxosEffect, { type: 'switch' }> | null = null;

  constructor(network: Wires, engine: PaxosEngine, index: number) {
    this.#network = network;
    this.#engine = engine;
    this.index = index;
    this.ledger = [network.context.genesisHeader];
    this.now = network.context.genesis.time;
    this.start();
  }

  get tip(): SealedHeader {
    return this.ledger.at(-1) ?? this.#network.context.genesisHeader;
  }

  start(): void {
    const { context, oracle } = this.#network;
    this.#lives += 1;
    const tree = [...this.rows.values()].sort((a, b) => a.sealed.header.height - b.sealed.header.height);
    const seed = context.seed + BigInt(100 * this.#lives + this.index);
    const recovery = { records: [...this.log], tree, applied: this.tip.hash, floor: 0 };
    this.state = this.#engine.recover({ ...context, self: this.index, seed }, recovery);
    oracle.onStart(this.index, this.log, pointOf(this.tip));
    oracle.check(this.index, this.state);
    this.step({ type: 'start', now: this.now });
  }

  /** Everything but the disk is gone, and of the disk what no barrier had passed, from some record on. */
  crash(): void {
    const { random, oracle } = this.#network;
    const next = this.queue[0];
    if (next?.type === 'persist') this.log.push(...this.#noted, ...next.records);
    this.#noted = [];
    oracle.onCrash(this.index, this.tip.header.height);
    this.log.length = this.#synced + random.below(this.log.length - this.#synced + 1);
    this.#sync();
    this.state = null;
    this.queue = [];
    this.wanted = [];
    this.template = null;
    this.order = null;
  }

  step(event: PaxosEvent): void {
    if (this.state === null) return;
    this.queue.push(...this.#engine.step(this.state, event));
    this.#network.oracle.check(this.index, this.state);
  }

  /** Carries out the first effect that waits. */
  carryOut(): void {
    const effect = this.queue.shift();
    if (effect === undefined) return;
    if (effect.type === 'note') {
      this.#noted.push(...effect.records);
      return;
    }
    if (effect.type === 'persist') {
      this.log.push(...this.#noted.splice(0), ...effect.records);
      return;
    }
    this.#sync();
    const { oracle } = this.#network;
    switch (effect.type) {
      case 'readable':
        if (effect.isReadable) oracle.onRead(this.index, effect.id, this.tip.header.height);
        break;
      case 'send':
      case 'broadcast': {
        oracle.onSent(this.index, effect.message);
        for (const to of effect.type === 'send' ? [effect.to] : this.#others())
          this.#post(to, { message: effect.message });
        break;
      }
      case 'fetchHeaders':
        this.#post(Number(effect.peer), { headersAfter: [effect.after ?? this.tip.hash, this.tip.hash] });
        break;
      case 'fetchBodies':
        this.wanted = effect.hashes;
        break;
      case 'give': {
        const row = this.rows.get(toHex(effect.hash));
        if (row !== undefined) for (const to of this.#others()) this.#post(to, { block: row.sealed });
        break;
      }
      case 'switch':
        oracle.onApply(this.index, pointOf(this.tip), effect.ancestor, effect.apply);
        this.order = effect;
        break;
      case 'mine':
        this.template = effect.template;
        break;
      case 'stopMining':
        this.template = null;
        break;
      case 'halt':
        throw new Error(`member ${this.index} halts: ${effect.detail}`);
      default:
        break;
    }
  }

  receive(packet: Packet): void {
    const from = String(packet.from);
    const { now } = this;
    if (packet.message !== undefined)
      this.step({ type: 'message', now, from, member: packet.from, message: packet.message });
    if (packet.headersAfter !== undefined)
      this.#post(packet.from, { headers: this.#headersAfter(packet.headersAfter) });
    if (packet.headers !== undefined)
      this.step({ type: 'headers', now, from, headers: packet.headers, isAnswer: true });
    if (packet.block !== undefined) {
      this.step({ type: 'headers', now, from, headers: [packet.block] });
      this.store(packet.block);
    }
  }

  /** The body of a header came, if the engine still wants to know of it. */
  store(sealed: SealedHeader): void {
    if (this.state === null) return;
    const record = this.#engine.treeRecord(this.state, sealed.hash);
    if (record === null) return;
    this.rows.set(sealed.hashHex, { sealed, record, isInvalid: false });
    this.step({ type: 'body', now: this.now, hash: sealed.hash });
  }

  /** Some other member that is up and has the body gives it. */
  fetchBody(): boolean {
    const { members, random, oracle } = this.#network;
    const hash = this.wanted[random.below(Math.max(1, this.wanted.length))];
    if (hash === undefined) return false;
    const hex = toHex(hash);
    const isServed = members.some(member => member.state !== null && member.rows.has(hex));
    if (!isServed) return false;
    this.wanted = this.wanted.filter(other => toHex(other) !== hex);
    this.store(oracle.block(hex));
    return true;
  }

  /** The producer makes a block on the engine's order. */
  produce(): boolean {
    const { template } = this;
    if (template === null) return false;
    this.template = null;
    const { height, parent, timeMin, bits, extension } = template;
    const stateRoot = this.#network.nextSalt();
    const header = {
      ...emptyHeader,
      version: headerVersion,
      height,
      parent,
      time: timeMin,
      bits,
      extension,
      stateRoot,
    };
    const sealed = seal(header, new Uint8Array(32), new Uint8Array(64));
    this.#network.oracle.addBlock(sealed);
    this.step({ type: 'headers', now: this.now, from: null, headers: [sealed] });
    this.store(sealed);
    return true;
  }

  /** The ledger carries out the engine's order, or one step of it. */
  apply(): boolean {
    const { order } = this;
    if (order === null) return false;
    const [first, ...rest] = order.apply;
    if (first === undefined) return false;
    this.ledger.push(this.#network.oracle.block(toHex(first)));
    this.#network.oracle.onAcknowledged(this.tip.header.height);
    this.order = rest.length === 0 ? null : { ...order, apply: rest };
    if (rest.length === 0) this.step({ type: 'applied', now: this.now, tip: first });
    return true;
  }

  /** A client of this member reads. */
  read(): void {
    const { oracle } = this.#network;
    this.step({ type: 'read', now: this.now, id: oracle.beginRead() });
  }

  /** The timer that is due first fires, at the time when it is due; true when there was one. */
  fireTimer(): boolean {
    if (this.state === null) return false;
    const due = [...this.state.timers].sort(([, a], [, b]) => a.dueAt - b.dueAt)[0];
    if (due === undefined) return false;
    const [id, { dueAt }] = due;
    this.now = Math.max(this.now, dueAt);
    this.step({ type: 'timer', now: this.now, id });
    return true;
  }

  #headersAfter(locator: readonly Uint8Array[]): readonly SealedHeader[] {
    const known = locator.map(hash => this.ledger.findIndex(sealed => sealed.hashHex === toHex(hash)));
    const start = known.find(index => index >= 0) ?? 0;
    return this.ledger.slice(start + 1);
  }

  #others(): readonly number[] {
    return this.#network.members.map(({ index }) => index).filter(index => index !== this.index);
  }

  #post(to: number, content: Omit<Packet, 'from' | 'to'>): void {
    this.#network.post({ from: this.index, to, ...content });
  }

  #sync(): void {
    for (const record of this.log.slice(this.#synced)) this.#network.oracle.onDurable(this.index, record);
    this.#synced = this.log.length;
  }
}
