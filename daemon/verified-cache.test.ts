import { describe, expect, it } from 'vitest';
import { VerifiedCache } from './verified-cache.ts';

describe('the cache of verified signatures', () => {
  it('holds what was added and nothing else', () => {
    const cache = new VerifiedCache(10);
    cache.add('aa');
    cache.add('aa');
    expect([cache.has('aa'), cache.has('bb'), cache.size]).toEqual([true, false, 1]);
  });

  it('forgets the least recently used beyond its limit', () => {
    const cache = new VerifiedCache(3);
    for (const id of ['a', 'b', 'c']) cache.add(id);
    expect(cache.has('a')).toBe(true);
    cache.add('b');
    cache.add('d');
    expect(['a', 'b', 'c', 'd'].map(id => cache.has(id))).toEqual([true, true, false, true]);
    expect(cache.size).toBe(3);
  });

  it('never holds more than its limit', () => {
    const cache = new VerifiedCache(5);
    for (let index = 0; index < 100; index++) cache.add(`${index}`);
    expect(cache.size).toBe(5);
    expect(cache.has('99') && cache.has('95') && !cache.has('94')).toBe(true);
  });
});
