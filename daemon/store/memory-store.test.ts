import { describe, expect, it } from 'vitest';
import { toUtf8 } from '../../chain/bytes.ts';
import { MemoryStore } from './memory-store.ts';
import { describeStore, list, put } from './store.suite.ts';

describeStore({ name: 'memory', open: async () => new MemoryStore() });

describe('a memory store that loses power', () => {
  it('keeps what a durable write covers and loses the lazy writes after it', async () => {
    const store = new MemoryStore();
    await store.write([put('a', '1'), put('b', '1')], 'lazy');
    await store.write([put('c', '1')], 'durable');
    await store.write([put('a', '2'), { key: toUtf8('b'), value: null }, put('d', '1')], 'lazy');
    await store.write([put('a', '3')], 'lazy');
    const survivor = store.crash();
    expect(await list(survivor)).toEqual(['a=1', 'b=1', 'c=1']);
  });

  it('refuses the dead node, which cannot reach the rows of the new one', async () => {
    const store = new MemoryStore();
    await store.write([put('a', '1')], 'durable');
    const survivor = store.crash();
    await expect(store.write([put('a', '2')], 'durable')).rejects.toMatchObject({ code: 'STOPPING' });
    await expect(store.get(toUtf8('a'))).rejects.toMatchObject({ code: 'STOPPING' });
    await survivor.write([put('a', '3')], 'lazy');
    expect(await list(survivor)).toEqual(['a=3']);
    expect(await list(survivor.crash())).toEqual(['a=1']);
  });

  it('keeps everything when the process alone died', async () => {
    const store = new MemoryStore();
    await store.write([put('a', '1')], 'lazy');
    const reopened = store.reopen();
    expect(await list(reopened)).toEqual(['a=1']);
    expect(await list(reopened.crash())).toEqual(['a=1']);
  });
});
