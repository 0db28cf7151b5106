import { describe, expect, it } from 'vitest';
import { blockHash } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import { batchSizeMax, NonceSearch } from './nonce-search.ts';

const contentHash = new Uint8Array(32).fill(1);
const prefix = new Uint8Array(16).fill(2);

describe('the search for nonces', () => {
  it('returns the very first nonce whose hash equals the target, and null for one less', () => {
    const all = new NonceSearch(prefix);
    all.setJob({ contentHash, target: new Uint8Array(32).fill(255) });
    const nonces = Array.from({ length: 5 }, () => all.tryNonces(1) ?? new Uint8Array());
    expect(new Set(nonces.map(toHex)).size).toBe(5);
    for (const nonce of nonces) expect(toHex(nonce).startsWith(toHex(prefix))).toBe(true);
    const hashes = nonces.map(nonce => toHex(blockHash(contentHash, nonce)));
    const lowest = hashes.toSorted()[0] ?? '';
    const target = Uint8Array.from(Buffer.from(lowest, 'hex'));

    const exact = new NonceSearch(prefix);
    exact.setJob({ contentHash, target });
    const found = exact.tryNonces(5);
    expect(found && toHex(blockHash(contentHash, found))).toBe(lowest);

    const below = new NonceSearch(prefix);
    const last = target.length - 1;
    below.setJob({ contentHash, target: target.with(last, (target[last] ?? 1) - 1) });
    expect(below.tryNonces(5)).toBeNull();
  });

  it('tries another nonce each time, over batches, jobs and sizes', () => {
    const search = new NonceSearch(prefix);
    const seen = new Set<string>();
    let tried = 0;
    for (let job = 0; job < 3; job++) {
      search.setJob({ contentHash: contentHash.map(byte => byte + job), target: new Uint8Array(32).fill(255) });
      for (const count of [1, batchSizeMax, 7, batchSizeMax]) {
        const nonce = search.tryNonces(count);
        seen.add(toHex(nonce ?? new Uint8Array()));
        tried++;
      }
    }
    expect(seen.size).toBe(tried);
  });
});
