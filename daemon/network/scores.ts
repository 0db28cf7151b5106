/** What each peer has left of its good name, and who is banned. In memory: a restart forgives. */
import { isEnforced } from '../../chain/rules.ts';
import type { Clock, PeerId } from '../ports.ts';
import type { NetworkLimits } from './limits.ts';

interface Score {
  readonly points: number;
  readonly atMs: number;
}

/** Scores survive a reconnection. Of too many, those that changed longest ago are forgotten. */
export class PeerScores {
  readonly #clock: Clock;
  readonly #limits: NetworkLimits;
  readonly #scores = new Map<PeerId, Score>();
  readonly #bannedUntilMs = new Map<PeerId, number>();

  constructor(clock: Clock, limits: NetworkLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** From 0 to scoreMax; a peer that did nothing wrong has scoreMax. */
  score(peer: PeerId): number {
    const { scoreMax, scorePerMinute } = this.#limits;
    if (this.isBanned(peer)) return 0;
    const score = this.#scores.get(peer);
    if (score === undefined) return scoreMax;
    const minutes = (this.#clock.monotonic() - score.atMs) / 60_000;
    return Math.min(scoreMax, score.points + minutes * scorePerMinute);
  }

  /** Takes `points`; returns true when this banned the peer. */
  penalize(peer: PeerId, points: number): boolean {
    if (points <= 0 || this.isBanned(peer)) return false;
    const left = this.score(peer) - points;
    // What a few milliseconds gave back does not save anybody.
    if (left < 0.5 && isEnforced('ban')) {
      this.ban(peer);
      return true;
    }
    remember(this.#scores, peer, { points: Math.max(0, left), atMs: this.#clock.monotonic() }, this.#limits.scoresMax);
    return false;
  }

  /** Bans for banMs; afterwards the peer starts afresh. */
  ban(peer: PeerId): void {
    this.#scores.delete(peer);
    remember(this.#bannedUntilMs, peer, this.#clock.monotonic() + this.#limits.banMs, this.#limits.scoresMax);
  }

  forgive(peer: PeerId): void {
    this.#scores.delete(peer);
    this.#bannedUntilMs.delete(peer);
  }

  isBanned(peer: PeerId): boolean {
    const untilMs = this.#bannedUntilMs.get(peer);
    if (untilMs === undefined) return false;
    if (this.#clock.monotonic() < untilMs) return true;
    this.#bannedUntilMs.delete(peer);
    return false;
  }
}

function remember<V>(map: Map<PeerId, V>, peer: PeerId, value: V, sizeMax: number): void {
  map.delete(peer);
  map.set(peer, value);
  for (const oldest of map.keys()) {
    if (map.size <= sizeMax) return;
    map.delete(oldest);
  }
}
