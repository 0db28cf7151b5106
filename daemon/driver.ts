/**
 * Carries out what the engine orders, in its order (W1): a `persist` is a barrier, and whatever follows it waits until the records are
 * on stable storage. All records that wait go to the disk together, those of later barriers too, so that a busy member syncs once for many
 * steps. The driver decides nothing.
 */
import { equalBytes } from '../chain/bytes.ts';
import { type ErrorCode, KvchainError, unreachable } from '../chain/errors.ts';
import { isEnforced } from '../chain/rules.ts';
import type { Effect, EngineEvent, Evidence, MemberIndex, PeerId, Template } from '../consensus/engine.ts';
import type { EngineInstance } from '../consensus/instance.ts';
import type { Clock, Log } from './ports.ts';

/** An engine's effect with messages and records as bytes. */
export type RunningEffect = Effect<Uint8Array, Uint8Array>;
export type RunningEvent = EngineEvent<Uint8Array>;
export type SwitchOrder = Omit<Extract<RunningEffect, { type: 'switch' }>, 'type'>;

/** What is done in its turn: an effect, or telling what a step made final, which waits for that step's records like all that follows them. */
type Due = RunningEffect | { readonly type: 'final'; readonly height: number };

/** What carrying out a switch gave: the ledger's tip now, and the block that was found invalid on the way. */
export interface SwitchOutcome {
  readonly tip: Uint8Array;
  readonly invalid: { readonly hash: Uint8Array; readonly code: ErrorCode } | null;
}

/** The parts of the node that effects are carried out by. */
export interface DriverHands {
  send(to: MemberIndex, message: Uint8Array): void;
  broadcast(message: Uint8Array): void;
  announce(message: Uint8Array): void;
  readable(id: number, isReadable: boolean): void;
  fetchHeaders(peer: PeerId, after: Uint8Array | null): void;
  fetchBodies(hashes: readonly Uint8Array[], hint: PeerId | null): void;
  switchTo(order: SwitchOrder): Promise<SwitchOutcome>;
  give(hash: Uint8Array): void;
  relay(hash: Uint8Array): void;
  markInvalid(hash: Uint8Array): Promise<void>;
  mine(template: Template): void;
  stopMining(): void;
  penalize(peer: PeerId, code: ErrorCode, detail: string): void;
  /** This member makes the blocks now; null: nobody is known to. */
  led(leader: MemberIndex | null): void;
  /** All up to this height is final now. */
  finalized(height: number): void;
  /** What the agreement's assumptions rule out, or a person must know of, was seen. */
  evidence(evidence: Evidence): void;
  trace(rule: string, data: Readonly<Record<string, string | number>>): void;
  /** The disk or the engine cannot go on: the node stops and tells why. */
  halt(error: unknown): void;
}

export interface DriverParts {
  readonly engine: EngineInstance;
  readonly log: Log;
  /** What the log holds already. */
  readonly logBytes: number;
  /** See `logBytesMax`. */
  readonly logBytesMax: number;
  readonly clock: Clock;
  readonly hands: DriverHands;
}

/** A log is condensed when it is longer than this, and than twice what it was condensed to. */
export const logBytesMax = 16_777_216;

/** While so many effects wait for the disk, what peers say is lost, as on a wire: they say again what matters. */
const pendingMax = 10_000;

export class Driver {
  readonly #engine: EngineInstance;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #hands: DriverHands;
  readonly #timers = new Map<string, () => void>();
  readonly #pending: Due[] = [];
  /** Records of no barrier, until the next one takes them to the disk. */
  #noted: Uint8Array[] = [];
  /** Bodies of which the engine was told, and which are being written: the next barrier waits for them. */
  readonly #storing = new Set<Promise<void>>();
  /** As the engine has it, and as it was told. */
  readonly #finalHeight: { engine: number; told: number };
  readonly #logBytesMax: number;
  #leader: MemberIndex | null = null;
  #logBytes: number;
  #condenseAt: number;
  #isBusy = false;
  #isStopped = false;

  constructor(parts: DriverParts) {
    this.#engine = parts.engine;
    this.#log = parts.log;
    this.#logBytes = parts.logBytes;
    this.#logBytesMax = parts.logBytesMax;
    this.#condenseAt = parts.logBytesMax;
    this.#clock = parts.clock;
    this.#hands = parts.hands;
    const height = parts.engine.finalHeight();
    this.#finalHeight = { engine: height, told: height };
  }

  get engine(): EngineInstance {
    return this.#engine;
  }

  /** All up to here is final, and what says so is on stable storage. */
  get finalHeight(): number {
    return this.#finalHeight.told;
  }

  /** Tells the engine of a body that is being written: what the next barrier lets through may speak of it. */
  dispatchBody(hash: Uint8Array, stored: Promise<void>): void {
    this.#storing.add(stored);
    // An order that waits for a barrier was given before it came.
    for (const [index, effect] of this.#pending.entries()) {
      if (effect.type !== 'fetchBodies') continue;
      this.#pending[index] = { ...effect, hashes: effect.hashes.filter(wanted => !equalBytes(wanted, hash)) };
    }
    // One that fails stays: no barrier opens any more.
    stored.then(
      () => this.#storing.delete(stored),
      () => {},
    );
    this.dispatch({ type: 'body', now: this.#clock.now(), hash });
  }

  /** Steps the engine at once and returns its effects; they are carried out in order behind those that still wait for a barrier. */
  dispatch(event: RunningEvent): readonly RunningEffect[] {
    if (this.#isStopped || (event.type === 'message' && this.#pending.length >= pendingMax)) return [];
    try {
      const effects = this.#engine.step(event);
      this.#pending.push(...effects);
      this.#orderFinal();
      this.#carryOutPending();
      this.#tellLeader();
      return effects;
    } catch (error) {
      // An assertion: the state may be half changed, so nothing is built on it.
      this.#hands.halt(error);
      return [];
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#pending.length = 0;
    this.#noted = [];
  }

  #tellLeader(): void {
    const leader = this.#engine.leader();
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#hands.led(leader);
  }

  /** F-I5: in its turn, behind the records that it may rest on. */
  #orderFinal(): void {
    const height = this.#engine.finalHeight();
    if (height === this.#finalHeight.engine) return;
    this.#finalHeight.engine = height;
    this.#pending.push({ type: 'final', height });
  }

  #tellFinal(height: number): void {
    this.#finalHeight.told = height;
    this.#hands.finalized(height);
  }

  #carryOutPending(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let effect = this.#pending.shift(); effect !== undefined; effect = this.#pending.shift()) {
      if (effect.type === 'persist') {
        const written = this.#sync(effect.records);
        if (!isEnforced('W1')) {
          written.catch(error => this.#hands.halt(error));
          continue;
        }
        this.#waitFor(written);
        return;
      }
      if (effect.type === 'final') this.#tellFinal(effect.height);
      else this.#carryOut(effect);
    }
    const condensed = this.#condensed();
    if (condensed !== null) this.#waitFor(this.#log.replace(condensed));
    else this.#isBusy = false;
  }

  /** Brings these records to the disk, and with them all that later barriers wait for: those become records that are there already. */
  async #sync(first: readonly Uint8Array[]): Promise<void> {
    const records = [...this.#noted, ...first];
    this.#noted = [];
    for (const [index, effect] of this.#pending.entries()) {
      if (effect.type !== 'persist' && effect.type !== 'note') continue;
      records.push(...effect.records);
      this.#pending[index] = { ...effect, type: 'note', records: [] };
    }
    this.#logBytes += bytesOf(records);
    await Promise.all([this.#log.append(records), ...this.#storing]);
  }

  /** What stands for a log that has become long. All that the engine ordered is in the log, so no older record follows this. */
  #condensed(): readonly Uint8Array[] | null {
    if (this.#isStopped || this.#logBytes <= this.#condenseAt) return null;
    const records = this.#engine.condense();
    this.#noted = [];
    this.#logBytes = records === null ? 0 : bytesOf(records);
    this.#condenseAt = Math.max(this.#logBytesMax, 2 * this.#logBytes);
    return records;
  }

  #waitFor(barrier: Promise<void>): void {
    barrier
      .then(() => {
        this.#isBusy = false;
        this.#carryOutPending();
      })
      .catch(error => this.#hands.halt(error));
  }

  #carryOut(effect: Exclude<RunningEffect, { type: 'persist' }>): void {
    const hands = this.#hands;
    switch (effect.type) {
      case 'note':
        this.#noted.push(...effect.records);
        break;
      case 'send':
        hands.send(effect.to, effect.message);
        break;
      case 'broadcast':
        hands.broadcast(effect.message);
        break;
      case 'announce':
        hands.announce(effect.message);
        break;
      case 'readable':
        hands.readable(effect.id, effect.isReadable);
        break;
      case 'setTimer':
      case 'clearTimer':
        this.#moveTimer(effect);
        break;
      case 'fetchHeaders':
        hands.fetchHeaders(effect.peer, effect.after);
        break;
      case 'fetchBodies':
        hands.fetchBodies(effect.hashes, effect.hint);
        break;
      case 'switch':
        this.#switch(effect);
        break;
      case 'give':
        hands.give(effect.hash);
        break;
      case 'relay':
        hands.relay(effect.hash);
        break;
      case 'markInvalid':
        hands.markInvalid(effect.hash).catch(error => hands.halt(error));
        break;
      case 'mine':
        hands.mine(effect.template);
        break;
      case 'stopMining':
        hands.stopMining();
        break;
      case 'penalize':
        hands.penalize(effect.peer, effect.code, effect.detail);
        break;
      case 'halt':
        hands.halt(new KvchainError(effect.code, effect.detail));
        break;
      case 'evidence':
        hands.evidence(effect.evidence);
        break;
      case 'trace':
        hands.trace(effect.rule, effect.data);
        break;
      default:
        unreachable(effect);
    }
  }

  /** The new tip comes before the verdict on a block behind it, so that the engine's next choice starts from where the ledger stands. */
  #switch(order: SwitchOrder): void {
    this.#hands.switchTo(order).then(
      ({ tip, invalid }) => {
        this.dispatch({ type: 'applied', now: this.#clock.now(), tip });
        if (invalid) this.dispatch({ type: 'invalid', now: this.#clock.now(), hash: invalid.hash, code: invalid.code });
      },
      error => this.#hands.halt(error),
    );
  }

  #moveTimer(order: Extract<RunningEffect, { type: 'setTimer' | 'clearTimer' }>): void {
    if (order.type === 'setTimer') this.#setTimer(order.id, order.afterMs);
    else this.#clearTimer(order.id);
  }

  #setTimer(id: string, afterMs: number): void {
    this.#clearTimer(id);
    const cancel = this.#clock.setTimer(afterMs, () => {
      this.#timers.delete(id);
      this.dispatch({ type: 'timer', now: this.#clock.now(), id });
    });
    this.#timers.set(id, cancel);
  }

  #clearTimer(id: string): void {
    this.#timers.get(id)?.();
    this.#timers.delete(id);
  }
}

function bytesOf(records: readonly Uint8Array[]): number {
  return records.reduce((sum, record) => sum + record.length, 0);
}
