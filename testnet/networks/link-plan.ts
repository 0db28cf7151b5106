/**
 * How every link of a network should be, as its shape and the operator's faults say; what is set at the daemons follows it. Data alone.
 */
import { KvchainError } from '../../chain/errors.ts';
import { delayMsMax } from '../../daemon/rpc/api-node.ts';
import { allPairs, type Edge } from './topology.ts';

/** What one side does with its link to another: carries nothing either way, or sends late, or loses some of what it sends. */
export interface LinkState {
  readonly isFailed: boolean;
  readonly delayMs: number;
  readonly lossRate: number;
}

const goodLink: LinkState = { isFailed: false, delayMs: 0, lossRate: 0 };

export class LinkPlan {
  readonly #count: number;
  /** Pairs that the shape does not link. */
  readonly #absent: ReadonlySet<string>;
  #groups: readonly (readonly number[])[] = [];
  /** By `from,to`. */
  readonly #delays = new Map<string, number>();
  readonly #losses = new Map<string, number>();

  constructor(count: number, edges: readonly Edge[]) {
    const linked = new Set(edges.map(String));
    this.#count = count;
    this.#absent = new Set(
      allPairs(count)
        .map(String)
        .filter(pair => !linked.has(pair)),
    );
  }

  /** From now on only members of the same group are linked. Error thrown: USAGE unless each member is named once. */
  partition(groups: readonly (readonly number[])[]): void {
    const named = groups.flat().toSorted((a, b) => a - b);
    const expected = Array.from({ length: this.#count }, (_, index) => index);
    if (String(named) !== String(expected)) {
      throw new KvchainError(
        'USAGE',
        `a partition names each of 0 to ${this.#count - 1} once, not ${named.join(', ')}`,
        {
          action: 'Write the groups like 0,1/2,3,4; `kvchain-testnet ps` lists the members.',
        },
      );
    }
    this.#groups = groups;
  }

  /** What `from` sends to `to` arrives so much later. Error thrown: USAGE beyond what daemons do; the plan is then as it was. */
  delay(from: number, to: number, delayMs: number): void {
    if (!Number.isInteger(delayMs) || delayMs < 0 || delayMs > delayMsMax) {
      throw new KvchainError('USAGE', `a delay is a whole number of ms from 0 to ${delayMsMax}, not ${delayMs}`);
    }
    this.#delays.set(key(from, to), delayMs);
  }

  /** So much of what `from` sends to `to`, from 0 to 1, is lost. Error thrown: USAGE for another rate; the plan is then as it was. */
  drop(from: number, to: number, lossRate: number): void {
    if (!(lossRate >= 0 && lossRate <= 1)) {
      throw new KvchainError('USAGE', `a rate of loss is a number from 0 to 1, not ${lossRate}`);
    }
    this.#losses.set(key(from, to), lossRate);
  }

  /** Ends all faults; the shape stays. */
  heal(): void {
    this.#groups = [];
    this.#delays.clear();
    this.#losses.clear();
  }

  /** How `from` should treat its link to `to`. */
  link(from: number, to: number): LinkState {
    const isAbsent = this.#absent.has(String([Math.min(from, to), Math.max(from, to)]));
    const isCut = this.#groups.some(group => group.includes(from) !== group.includes(to));
    if (isAbsent || isCut) return { ...goodLink, isFailed: true };
    return {
      isFailed: false,
      delayMs: this.#delays.get(key(from, to)) ?? 0,
      lossRate: this.#losses.get(key(from, to)) ?? 0,
    };
  }
}

function key(from: number, to: number): string {
  return `${from},${to}`;
}

/** Reads groups such as 0,1/2,3,4. Error thrown: USAGE. */
export function parseGroups(text: string): readonly (readonly number[])[] {
  if (!/^\d{1,3}(,\d{1,3})*(\/\d{1,3}(,\d{1,3})*)+$/.test(text)) {
    throw new KvchainError('USAGE', `partition ${JSON.stringify(text)}: expected groups like 0,1/2,3,4`);
  }
  return text.split('/').map(group => group.split(',').map(Number));
}
