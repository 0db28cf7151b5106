/** The simulator repeats itself, and its checks can fail: each breaks something on purpose and must be told on. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import type { Store } from '../../daemon/ports.ts';
import type { Packet } from './packet.ts';
import { SimulationFailed, simulate } from './simulate.ts';
import { tellStory } from './story.ts';
import { judge } from './verdict.ts';
import { World } from './world.ts';

// A simulation takes a second or two; many times that on a machine that is busy with other things.
vi.setConfig({ testTimeout: 120_000 });

const program = fileURLToPath(new URL('./main.js', import.meta.url));
const run = promisify(execFile);

async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SimulationFailed) return error.message;
    throw error;
  }
  return 'no failure';
}

describe('a seed', () => {
  it('gives the same trace twice, line by line', async () => {
    const first: string[] = [];
    const second: string[] = [];
    const one = await simulate({ seed: 6n, onLine: line => first.push(line) });
    const other = await simulate({ seed: 6n, onLine: line => second.push(line) });
    expect(second).toEqual(first);
    expect(first.length).toBeGreaterThan(100);
    expect({ ...other, realMs: 0 }).toEqual({ ...one, realMs: 0 });
  });

  it('gives the same trace in another process, by the command', async () => {
    const [here, { stdout }] = await Promise.all([
      simulate({ seed: 9n }),
      run(process.execPath, [program, '--seed', '9', '--json']),
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ seed: '9', traceHash: here.traceHash, headHash: here.headHash });
  });

  it('gives another trace than another seed', async () => {
    const traces = new Set<string>();
    for (const seed of [33n, 34n, 35n]) traces.add((await simulate({ seed })).traceHash);
    expect(traces.size).toBe(3);
  });
});

describe('the command', () => {
  it('explains itself when it is not understood', async () => {
    for (const args of [['--seed', 'one'], ['--unknown'], ['--seeds', '1-2']]) {
      await expect(run(process.execPath, [program, ...args])).rejects.toMatchObject({
        code: 2,
        stderr: expect.stringContaining('Usage'),
      });
    }
  });

  it('prints the trace with the hash that the report names', async () => {
    const { stdout } = await run(process.execPath, [program, '--seed', '9', '--trace', '--json']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^0\.000 n\d boot$/);
    expect(lines.at(-2)).toMatch(/ world end /);
  });
});

describe('the checks', () => {
  it('catch a disk that loses what it called durable', async () => {
    const failure = await failureOf(simulate({ seed: 6n, sabotage: { disk: 'lies' } }));
    expect(failure).toContain("A-I1: the head's work fell");
    expect(failure).toContain('replay: node dist/testnet/sim/main.js --seed 6');
  });

  it('catch a network that changes a byte of a block', async () => {
    const flip = (packet: Packet): Packet => {
      if (packet.type !== 'gossip' || packet.topic !== 'blocks') return packet;
      const data = packet.data.slice();
      data[40] = (data[40] ?? 0) ^ 1;
      return { ...packet, data };
    };
    expect(await failureOf(simulate({ seed: 6n, sabotage: { distortion: flip } }))).toContain('blames the honest');
  });

  it('catch a network that empties answers', async () => {
    const empty = (packet: Packet): Packet =>
      packet.type === 'answer' && packet.answer.ok
        ? { ...packet, answer: { ok: true, value: new Uint8Array([0x80]) } }
        : packet;
    // Bodies and the transactions of a compact block are both asked for; which answer is empty first, the seed decides.
    const failure = await failureOf(simulate({ seed: 6n, sabotage: { distortion: empty } }));
    expect(failure).toMatch(/blames the honest n\d: BAD_MESSAGE (an answer without a body|0 transactions for \d+)/);
  });
});

describe('the verdict', () => {
  const told = () => ({ partitions: 0, oneWayCuts: 0, kills: 0, killsWhileSyncing: 0, restarts: 0, fullDisks: 0 });

  async function ended() {
    const world = new World({ seed: 9n, onLine: () => {}, disk: { syncMs: [1, 25], honesty: 'keeps its word' } });
    await world.run(() => tellStory(world, told()));
    const stores = new Map<string, Store>(world.nodes.map(node => [node.name, node.disk]));
    return { world, stores };
  }

  it('catches one bit in the state of one node, a record too many, and transactions that are missing or strange', async () => {
    const { world, stores } = await ended();
    const { genesis, workload } = world;
    const { submissions } = workload;
    await judge(genesis, stores, submissions);
    await expect(judge(genesis, stores, submissions.slice(1))).rejects.toThrow('nobody sent transaction');
    const lost = { idHexes: ['ab'.repeat(32)] };
    await expect(judge(genesis, stores, [...submissions, lost])).rejects.toThrow('0 are included, not one');

    const [store] = stores.values();
    const [row] = (await store?.range({ from: prefix('S'), to: prefix('T'), limit: 1, order: 'ascending' })) ?? [];
    if (!store || !row) throw new Error('no state on the disk');
    const changed = row.value.slice();
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await store.write([{ key: row.key, value: changed }], 'durable', 'ledger-step');
    await expect(judge(genesis, stores, submissions)).rejects.toThrow('A-I3');
    const extra = { key: Uint8Array.of(...row.key, 1), value: row.value };
    await store.write([row, extra], 'durable', 'ledger-step');
    await expect(judge(genesis, stores, submissions)).rejects.toThrow(/A-I3: n\d holds \d+ records/);
  });
});

function prefix(letter: string): Uint8Array {
  return Uint8Array.of(letter.charCodeAt(0));
}
