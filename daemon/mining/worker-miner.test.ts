import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { blockHash } from '../../chain/block.ts';
import { compareBytes, toHex } from '../../chain/bytes.ts';
import { WorkerMiner } from './worker-miner.ts';

/** A hash is at most this for one try in 2^bits. */
function targetOf(bits: number): Uint8Array {
  const target = new Uint8Array(32).fill(255);
  target.fill(0, 0, Math.floor(bits / 8));
  target[Math.floor(bits / 8)] = 0xff >> (bits % 8);
  return target;
}

const never = new Uint8Array(32);
const contentHash = new Uint8Array(32).fill(5);
const limit = { timeout: 20_000, interval: 5 };

const opened: WorkerMiner[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const miner of opened.splice(0)) await miner.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

interface Opened {
  readonly miner: WorkerMiner;
  readonly switches: number[];
}

function open(threads = 1, rateMax: number | null = null): Opened {
  const switches: number[] = [];
  const onFault = (error: unknown) => {
    throw error;
  };
  const miner = new WorkerMiner({ threads, rateMax, onSwitch: ms => switches.push(ms), onFault });
  opened.push(miner);
  return { miner, switches };
}

/** A miner whose one thread runs a program of the test's; `mark` is a file of its own, both as texts of JavaScript. */
async function openFaulty(source: (paths: { real: string; mark: string }) => string) {
  const folder = await mkdtemp(join(tmpdir(), 'kvchain-miner-'));
  folders.push(folder);
  const real = JSON.stringify(new URL('./mining-worker.js', import.meta.url).href);
  const file = join(folder, 'worker.mjs');
  await writeFile(file, source({ real, mark: JSON.stringify(join(folder, 'mark')) }));
  const faults: unknown[] = [];
  const onFault = (error: unknown) => faults.push(error);
  const workerUrl = pathToFileURL(file);
  const miner = new WorkerMiner({ threads: 1, rateMax: null, onSwitch: () => {}, onFault, workerUrl });
  opened.push(miner);
  return { miner, faults };
}

function find(miner: WorkerMiner, job: { contentHash: Uint8Array; target: Uint8Array }): Promise<Uint8Array> {
  return new Promise(resolve => miner.search(job, resolve));
}

async function untilHashes(miner: WorkerMiner, count: bigint): Promise<void> {
  const start = miner.hashes;
  await vi.waitFor(() => expect(miner.hashes - start).toBeGreaterThanOrEqual(count), limit);
}

describe('the threaded miner', () => {
  it.each([0, 1, 8, 12, 18])('finds a nonce that gives a block hash of %i zero bits, again and again', async bits => {
    const { miner } = open(2);
    const found = new Set<string>();
    for (let round = 0; round < 5; round++) {
      const target = targetOf(bits);
      const nonce = await find(miner, { contentHash, target });
      expect(nonce).toHaveLength(32);
      expect(compareBytes(blockHash(contentHash, nonce), target)).toBeLessThanOrEqual(0);
      found.add(toHex(nonce));
    }
    expect(found.size).toBe(5);
  });

  it('takes about as many tries as the target says', async () => {
    const { miner } = open();
    for (let round = 0; round < 200; round++) await find(miner, { contentHash, target: targetOf(14) });
    const mean = Number(miner.hashes) / 200;
    // A batch is tried whole; the standard error of the mean of 200 is 7 %.
    expect(mean).toBeGreaterThan(2 ** 14 * 0.7);
    expect(mean).toBeLessThan(2 ** 14 * 1.3 + 1_024);
  });

  it('compares all bytes of the hash with the target', async () => {
    const { miner } = open();
    const target = new Uint8Array(32);
    target[1] = 16;
    const nonce = await find(miner, { contentHash, target });
    expect(compareBytes(blockHash(contentHash, nonce), target)).toBeLessThanOrEqual(0);
  });

  it('never reports for a job that was replaced, and once for the one that stands', async () => {
    const { miner } = open(2);
    const reports: number[] = [];
    for (let job = 0; job < 50; job++) {
      const hash = new Uint8Array(32).fill(job);
      miner.search({ contentHash: hash, target: targetOf(4) }, () => reports.push(job));
    }
    await vi.waitFor(() => expect(reports).toHaveLength(1), limit);
    const nonce = await find(miner, { contentHash, target: targetOf(10) });
    expect(compareBytes(blockHash(contentHash, nonce), targetOf(10))).toBeLessThanOrEqual(0);
    expect(reports).toEqual([49]);
  });

  it('never reports after it was stopped', async () => {
    const { miner } = open(2);
    const reports: number[] = [];
    miner.search({ contentHash, target: never }, () => reports.push(0));
    await untilHashes(miner, 1n);
    miner.search({ contentHash, target: targetOf(0) }, () => reports.push(1));
    miner.stop();
    await find(miner, { contentHash, target: targetOf(12) });
    expect(reports).toEqual([]);
  });

  it('leaves an old job within 50 ms and says how long it took', async () => {
    const { miner, switches } = open(2);
    for (let round = 1; round <= 20; round++) {
      miner.search({ contentHash, target: never }, () => {});
      await untilHashes(miner, 10_000n);
      if (round % 2 === 0) miner.stop();
    }
    miner.stop();
    await vi.waitFor(() => expect(switches.length).toBeGreaterThanOrEqual(20), limit);
    const sorted = switches.toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(50);
    expect(sorted[0]).toBeGreaterThanOrEqual(0);
    expect(miner.status().hashRate).toBe(0);
    const other = open().miner;
    await vi.waitFor(async () => {
      const stopped = miner.hashes;
      await find(other, { contentHash, target: targetOf(14) });
      expect(miner.hashes).toBe(stopped);
    }, limit);
  });

  it('stops at once also when it waits for its next hash at a low rate', async () => {
    const { miner, switches } = open(1, 0.01);
    miner.search({ contentHash, target: never }, () => {});
    miner.configure({ rateMax: 1_000 });
    await untilHashes(miner, 5n);
    miner.configure({ rateMax: 0.01 });
    miner.stop();
    await vi.waitFor(() => expect(switches.length).toBeGreaterThanOrEqual(1), limit);
    await miner.close();
  });

  it.each([
    [1, 50, 40n],
    [2, 200, 150n],
    [1, 20_000, 15_000n],
    [2, 500_000, 400_000n],
  ])('with %i threads holds a rate of %i hashes a second within 20 %%', async (threads, rateMax, count) => {
    const { miner } = open(threads, rateMax);
    miner.search({ contentHash, target: never }, () => {});
    await untilHashes(miner, 1n);
    const startMs = performance.now();
    const start = miner.hashes;
    await untilHashes(miner, count);
    const rate = (Number(miner.hashes - start) * 1_000) / (performance.now() - startMs);
    expect(rate / rateMax).toBeGreaterThan(0.8);
    expect(rate / rateMax).toBeLessThan(1.2);
  });

  it('holds its rate also when jobs change faster than hashes come', async () => {
    const rateMax = 40;
    const { miner } = open(1, rateMax);
    miner.search({ contentHash, target: never }, () => {});
    await untilHashes(miner, 1n);
    const startMs = performance.now();
    const start = miner.hashes;
    await vi.waitFor(
      () => {
        miner.search({ contentHash, target: never }, () => {});
        expect(miner.hashes - start).toBeGreaterThanOrEqual(40n);
      },
      { timeout: 10_000, interval: 5 },
    );
    const rate = (Number(miner.hashes - start) * 1_000) / (performance.now() - startMs);
    expect(rate / rateMax).toBeGreaterThan(0.8);
    expect(rate / rateMax).toBeLessThan(1.2);
  });

  it('goes on with its job when threads and rate change, and tells both', async () => {
    const { miner } = open(1, 100);
    expect(miner.status()).toEqual({ threads: 1, hashRate: 0, rateMax: 100 });
    let found: Uint8Array | null = null;
    miner.search({ contentHash, target: targetOf(20) }, nonce => {
      found = nonce;
    });
    await untilHashes(miner, 1n);
    miner.configure({ threads: 3 });
    miner.configure({ threads: 2, rateMax: null });
    expect(miner.status()).toMatchObject({ threads: 2, rateMax: null });
    // A million trials are expected: at the old rate they would take three hours. One search in a hundred needs fewer than ten thousand.
    await vi.waitFor(() => expect(found).not.toBeNull(), limit);
    expect(compareBytes(blockHash(contentHash, found ?? never), targetOf(20))).toBeLessThanOrEqual(0);
  });

  it('tells the hash rate of the last seconds while it searches', async () => {
    const { miner } = open(1, 5_000);
    miner.search({ contentHash, target: never }, () => {});
    await untilHashes(miner, 2_500n);
    const { hashRate } = miner.status();
    expect(hashRate).toBeGreaterThan(1_000);
    expect(hashRate).toBeLessThan(6_000);
  });

  it('refuses settings without a meaning', () => {
    const { miner } = open();
    for (const threads of [0, -1, 1.5, 257, Number.NaN]) expect(() => miner.configure({ threads })).toThrow('threads');
    for (const rateMax of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => miner.configure({ rateMax })).toThrow('rate');
    }
  });

  it('tells of a thread that died, starts it again, and goes on with the job', async () => {
    const { miner, faults } = await openFaulty(
      ({ real, mark }) => `
        import { existsSync, writeFileSync } from 'node:fs';
        if (!existsSync(${mark})) { writeFileSync(${mark}, ''); throw new Error('a fault'); }
        await import(${real});`,
    );
    const nonce = await find(miner, { contentHash, target: targetOf(10) });
    expect(compareBytes(blockHash(contentHash, nonce), targetOf(10))).toBeLessThanOrEqual(0);
    expect(faults.map(String)).toEqual(['Error: a fault']);
  });

  it('gives up on threads that die again and again, told each time', async () => {
    const { miner, faults } = await openFaulty(() => `throw new Error('cannot start');`);
    miner.search({ contentHash, target: never }, () => {});
    await vi.waitFor(() => expect(faults).toHaveLength(5), limit);
    await miner.close();
    expect(faults).toHaveLength(5);
  });

  it('ends its threads when it is closed, in the middle of a search or before one', async () => {
    const { miner } = open(3);
    miner.search({ contentHash, target: never }, () => {});
    await miner.close();
    await open(2).miner.close();
    expect(() => miner.search({ contentHash, target: never }, () => {})).toThrow('closed');
  });
});
