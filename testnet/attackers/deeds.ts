/** What attackers sent: what breaks a rule no honest node may ever hold for true, and of the rest each knows what came from nobody else. */
import type { PeerId } from '../../daemon/ports.ts';

export class Deeds {
  readonly #blocks = new Map<string, string>();
  readonly #transactions = new Map<string, string>();
  readonly #offences = new Map<PeerId, number>();
  readonly #own = new Set<string>();
  readonly #gapped = new Set<string>();

  /** An attacker sent what every node can see to be wrong by itself. */
  offence(attacker: PeerId): void {
    this.#offences.set(attacker, this.offences(attacker) + 1);
  }

  offences(attacker: PeerId): number {
    return this.#offences.get(attacker) ?? 0;
  }

  block(hashHex: string, rule: string): void {
    this.#blocks.set(hashHex, rule);
  }

  transaction(idHex: string, rule: string): void {
    this.#transactions.set(idHex, rule);
  }

  /** A transaction of the attacker that breaks no rule. */
  own(idHex: string): void {
    this.#own.add(idHex);
  }

  /** A transaction that breaks no rule, and waits behind a gap that is never filled; all of them are of one sender. */
  gapped(idHex: string): void {
    this.#own.add(idHex);
    this.#gapped.add(idHex);
  }

  /** The rule that a block breaks, or null. */
  ruleOf(hashHex: string): string | null {
    return this.#blocks.get(hashHex) ?? null;
  }

  /** Ids of transactions, with the rule that each breaks. */
  get transactions(): ReadonlyMap<string, string> {
    return this.#transactions;
  }

  /** Ids of transactions that break no rule. */
  get ownTransactions(): ReadonlySet<string> {
    return this.#own;
  }

  get gappedTransactions(): ReadonlySet<string> {
    return this.#gapped;
  }
}
