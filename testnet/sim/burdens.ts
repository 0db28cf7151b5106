/**
 * What a node burdens its peers with is bounded (A-I4): it does not ask the same again and again, nor one that is gone, and passes few blocks
 * of one producer at one height on. A node that does otherwise may come through in the end; here it is seen.
 */
import { toHex } from '../../chain/bytes.ts';
import { sha256 } from '../../chain/hash.ts';
import type { PeerId } from '../../daemon/ports.ts';
import { syncLimits } from '../../daemon/sync.ts';
import { decodeCompactBlock, decodeRequest } from '../../daemon/wire.ts';

const windowMs = 2 * syncLimits.retryMs;
/** The same question for bodies or transactions to one peer within the window: at once, after each retry, and to two new connections. */
const repeatsMax = 5;
/** Questions to a peer that is gone, within the window: those that were on their way to it when it went. */
const goneMax = 3;
/** Blocks of one producer at one height that a node passes on: three, and the heaviest header (docs/consensus/pow.md). */
const siblingsMax = 4;

export interface Question {
  readonly asker: PeerId;
  readonly peer: PeerId;
  readonly data: Uint8Array;
  readonly nowMs: number;
  /** Whether there is a connection to be asked over. */
  readonly isConnected: boolean;
}

interface Window {
  readonly sinceMs: number;
  count: number;
}

export class Burdens {
  /** For headers a node may ask once in an interval beside (A-H2). */
  readonly #headersMax: number;
  /** By asker, peer and question; the oldest window first. */
  readonly #windows = new Map<string, Window>();
  /** Blocks that a node passed on, by node, height and producer. */
  readonly #siblings = new Map<string, number>();

  constructor(intervalMs: number) {
    this.#headersMax = repeatsMax + windowMs / intervalMs;
  }

  /** What is wrong with this question, or null. */
  ask({ asker, peer, data, nowMs, isConnected }: Question): string | null {
    if (!isConnected) {
      const count = this.#count(`${asker} ${peer} gone`, nowMs);
      return count > goneMax ? `A-I4: ${count} questions to ${peer}, which is gone, within ${windowMs} ms` : null;
    }
    const request = decodeRequest(data);
    if (!request.ok) return `asks ${peer} what is no question`;
    const { type } = request.value;
    const count = this.#count(`${asker} ${peer} ${toHex(sha256(data))}`, nowMs);
    const most = type === 'getHeaders' ? this.#headersMax : repeatsMax;
    return count > most ? `A-I4: asks ${peer} the same ${type} ${count} times within ${windowMs} ms` : null;
  }

  /** The node starts: what it passed on in an earlier life, perhaps with another disk, it need not know. */
  begin(node: PeerId): void {
    for (const key of this.#siblings.keys()) if (key.startsWith(`${node} `)) this.#siblings.delete(key);
  }

  /** What is wrong with passing this block on, or null. */
  passOn(node: PeerId, data: Uint8Array): string | null {
    const block = decodeCompactBlock(data);
    if (!block.ok) return null;
    const { height, producer } = block.value.sealed.header;
    const key = `${node} ${height} ${toHex(producer)}`;
    const count = (this.#siblings.get(key) ?? 0) + 1;
    this.#siblings.set(key, count);
    return count > siblingsMax ? `A-I4: passes ${count} blocks of one producer at height ${height} on` : null;
  }

  #count(key: string, nowMs: number): number {
    for (const [old, { sinceMs }] of this.#windows) {
      if (nowMs - sinceMs <= windowMs) break;
      this.#windows.delete(old);
    }
    const window = this.#windows.get(key) ?? { sinceMs: nowMs, count: 0 };
    window.count += 1;
    this.#windows.set(key, window);
    return window.count;
  }
}
