/** What villains sent that breaks a rule: no honest node may ever hold it for true. */
import type { PeerId } from '../../daemon/ports.ts';

export class Poison {
  readonly #blocks = new Map<string, string>();
  readonly #transactions = new Map<string, string>();

  readonly #offences = new Map<PeerId, number>();

  /** A villain sent what every node can see to be wrong by itself. */
  offence(villain: PeerId): void {
    this.#offences.set(villain, this.offences(villain) + 1);
  }

  offences(villain: PeerId): number {
    return this.#offences.get(villain) ?? 0;
  }

  block(hashHex: string, rule: string): void {
    this.#blocks.set(hashHex, rule);
  }

  transaction(idHex: string, rule: string): void {
    this.#transactions.set(idHex, rule);
  }

  /** The rule that a block breaks, or null. */
  ruleOf(hashHex: string): string | null {
    return this.#blocks.get(hashHex) ?? null;
  }

  /** Ids of transactions, with the rule that each breaks. */
  get transactions(): ReadonlyMap<string, string> {
    return this.#transactions;
  }
}
