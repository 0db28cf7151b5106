/** What the peers have on top of a block, asked as any node asks: which branch they follow, and how heavy it is. */
import type { SealedHeader } from '../../chain/block.ts';
import { equalBytes } from '../../chain/bytes.ts';
import { decodeBits, workOf } from '../../chain/target.ts';
import type { Clock } from '../../daemon/ports.ts';
import { decodeHeaders, encodeRequest } from '../../daemon/wire.ts';
import type { Curtain } from './curtain.ts';

const requestMs = 2_000;
const headersMax = 1_000;
/** The peers are asked when a block was heard of, and at least so often. */
const lookMs = 300;

/** All of them follow our branch, or the heaviest of the others. */
interface Following {
  readonly isAdopted: boolean;
  readonly theirs: readonly SealedHeader[];
}

export class PeersBranch {
  readonly #curtain: Curtain;
  readonly #fork: SealedHeader;
  readonly #clock: Clock;
  #branches: readonly (readonly SealedHeader[])[] = [];
  #heard = -1;
  #nextMs = 0;

  /** On top of `fork`, which is on everybody's chain. */
  constructor(curtain: Curtain, clock: Clock, fork: SealedHeader) {
    this.#curtain = curtain;
    this.#clock = clock;
    this.#fork = fork;
  }

  /** `ours` is the first block of our own branch; null before there is one. */
  async look(ours: SealedHeader | null): Promise<Following> {
    const { blocksHeard } = this.#curtain;
    const nowMs = this.#clock.monotonic();
    if (blocksHeard !== this.#heard || nowMs >= this.#nextMs) {
      this.#heard = blocksHeard;
      this.#nextMs = nowMs + lookMs;
      this.#branches = await this.#ask();
    }
    const isOurs = ([first]: readonly SealedHeader[]) => !!first && !!ours && equalBytes(first.hash, ours.hash);
    const theirs = this.#branches
      .filter(branch => !isOurs(branch))
      .reduce<readonly SealedHeader[]>((best, branch) => (workOfAll(branch) > workOfAll(best) ? branch : best), []);
    return { isAdopted: this.#branches.length > 0 && this.#branches.every(isOurs), theirs };
  }

  /** The branches of all peers that answer. */
  async #ask(): Promise<readonly (readonly SealedHeader[])[]> {
    const question = encodeRequest({ type: 'getHeaders', locator: [this.#fork.hash], limit: headersMax });
    const asked = this.#curtain.peers().map(async ({ id }) => {
      const answer = decodeHeaders(await this.#curtain.askOpenly(id, question, requestMs));
      return answer.ok ? answer.value : [];
    });
    const answers = await Promise.allSettled(asked);
    return answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []));
  }
}

export function workOfAll(headers: readonly SealedHeader[]): bigint {
  return headers.reduce((sum, { header }) => sum + workOf(decodeBits(header.bits) ?? 0n), 0n);
}
