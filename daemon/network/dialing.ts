/**
 * The loop that dials, for libp2p dials nothing by itself: what the operator named for ever, others until there are enough outbound
 * peers; each failure doubles the wait. It also asks peers for more addresses.
 */
import { KvchainError } from '../../chain/errors.ts';
import type { PeerId, Random } from '../ports.ts';
import type { Candidate, Candidates } from './candidates.ts';
import { type Surroundings, textOf } from './conduct.ts';
import type { Session } from './sessions.ts';

export interface DialingOptions {
  readonly candidates: Candidates;
  readonly random: Random;
  /** Connects and shakes hands. Throws a KvchainError. */
  dial(address: string): Promise<Session>;
  /** Asks a peer for addresses. */
  ask(session: Session): Promise<void>;
  isRefused(peer: PeerId): boolean;
}

export class Dialing {
  readonly #surroundings: Surroundings;
  readonly #options: DialingOptions;
  /** Addresses being dialled. */
  readonly #dialling = new Set<Candidate>();
  readonly #tasks = new Set<Promise<void>>();
  #cancelTimer: (() => void) | null = null;
  #nextAskMs = 0;
  #isRunning = false;

  constructor(surroundings: Surroundings, options: DialingOptions) {
    this.#surroundings = surroundings;
    this.#options = options;
  }

  start(): void {
    this.#isRunning = true;
    this.#nextAskMs = this.#surroundings.clock.monotonic() + this.#askInterval();
    this.wake();
  }

  /** Resolves when no dial runs any more. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancelTimer?.();
    await Promise.all(this.#tasks);
  }

  /** Something changed: an address was learned, a peer came or went. */
  wake(): void {
    if (!this.#isRunning) return;
    const nowMs = this.#surroundings.clock.monotonic();
    while (this.#dialling.size < this.#surroundings.limits.dialsMax) {
      const candidate = this.#options.candidates.choose(nowMs, entry => this.#isWanted(entry));
      if (candidate === null) break;
      this.#track(this.#dial(candidate));
    }
    if (nowMs >= this.#nextAskMs) {
      this.#nextAskMs = nowMs + this.#askInterval();
      this.#askSomebody();
    }
    this.#schedule();
  }

  /** Asks a new peer at once: it may know others. */
  greeted(session: Session): void {
    this.#track(this.#options.ask(session));
    this.wake();
  }

  #isWanted(entry: Candidate): boolean {
    const { sessions, limits } = this.#surroundings;
    const { peer } = entry.address;
    if (this.#dialling.has(entry)) return false;
    if (peer !== null && (sessions.find(peer) !== null || this.#options.isRefused(peer) || this.#isDialling(peer)))
      return false;
    if (entry.origin === 'configured') return peer !== null || !this.#isConnectedTo(entry);
    if (entry.isAnchor) return true;
    return sessions.count('outbound') + this.#dialling.size < limits.outboundPeersTarget;
  }

  #isDialling(peer: PeerId): boolean {
    return [...this.#dialling].some(({ address }) => address.peer === peer);
  }

  /** An address without a peer id is the operator's; whom it reached is known by where that peer is. */
  #isConnectedTo({ address }: Candidate): boolean {
    return this.#surroundings.sessions.all().some(session => session.dialled === address.text);
  }

  async #dial(candidate: Candidate): Promise<void> {
    const { clock, log } = this.#surroundings;
    const { candidates } = this.#options;
    this.#dialling.add(candidate);
    try {
      const session = await this.#options.dial(candidate.address.text);
      candidates.succeeded(candidate, clock.monotonic());
      // An address that did not say whose it is cannot be told to others; where it led can.
      const found =
        candidate.address.peer === null && session.remote ? candidates.add(session.remote, 'learned') : null;
      if (found !== null) candidates.succeeded(found, clock.monotonic());
    } catch (error) {
      log.debug({ address: candidate.address.text, error: textOf(error) }, 'dial failed');
      if (isHopeless(error, candidate)) candidates.delete(candidate);
      else candidates.failed(candidate, clock.monotonic());
    } finally {
      this.#dialling.delete(candidate);
    }
    this.wake();
  }

  #askSomebody(): void {
    const peers = this.#surroundings.sessions.all().filter(session => session.isWelcome);
    const [byte = 0] = this.#options.random.bytes(1);
    const session = peers[Math.floor((byte / 256) * peers.length)];
    if (session !== undefined) this.#track(this.#options.ask(session));
  }

  #askInterval(): number {
    const { sessions, limits } = this.#surroundings;
    const isHungry = sessions.count('outbound') < limits.outboundPeersTarget;
    const [byte = 0] = this.#options.random.bytes(1);
    return (isHungry ? limits.exchangeHungryMs : limits.exchangeContentMs) * (0.75 + byte / 512);
  }

  #schedule(): void {
    const { clock } = this.#surroundings;
    const dueMs = this.#options.candidates.nextDueMs(entry => this.#isWanted(entry)) ?? this.#nextAskMs;
    const isFull = this.#dialling.size >= this.#surroundings.limits.dialsMax;
    const wakeMs = isFull ? this.#nextAskMs : Math.min(dueMs, this.#nextAskMs);
    this.#cancelTimer?.();
    this.#cancelTimer = clock.setTimer(Math.max(1, wakeMs - clock.monotonic()), () => this.wake());
  }

  #track(task: Promise<void>): void {
    const tracked = task.catch((error: unknown) => {
      this.#surroundings.log.warn({ error: textOf(error) }, 'discovery failed');
    });
    this.#tasks.add(tracked);
    void tracked.then(() => this.#tasks.delete(tracked)); // It cannot fail any more.
  }
}

/** This node itself, or, told by others, a node of another chain. */
function isHopeless(error: unknown, { origin }: Candidate): boolean {
  if (!(error instanceof KvchainError)) return false;
  return error.code === 'BAD_ADDRESS' || (error.code === 'WRONG_NETWORK' && origin === 'learned');
}
