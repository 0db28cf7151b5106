/** The simulator repeats itself, and its checks can fail: each breaks something on purpose and must be told on. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Store } from '../../daemon/ports.ts';
import type { Packet } from './packet.ts';
import { ofSeed } from './scenario.ts';
import { SimulationFailed, simulate } from './simulate.ts';
import { tellStory } from './story.ts';
import { judge } from './verdict.ts';
import { World } from './world.ts';

// A simulation takes a second or two; many times that on a machine that is busy with other things.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

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

/** A small world, whose checks see what is broken soon. */
const seed = 50n;

async function traced() {
  const lines: string[] = [];
  const report = await simulate({ scenario: ofSeed(seed), onLine: line => lines.push(line) });
  return { lines, report };
}

describe('a seed', () => {
  let first: Awaited<ReturnType<typeof traced>>;

  beforeAll(async () => {
    first = await traced();
  });

  it('gives the same trace twice, line by line', async () => {
    const second = await traced();
    expect(second.lines).toEqual(first.lines);
    expect(first.lines.length).toBeGreaterThan(100);
    expect({ ...second.report, realMs: 0 }).toEqual({ ...first.report, realMs: 0 });
  });

  it('gives the same trace in another process, by the command, which prints it and the hash that the report names', async () => {
    const { stdout } = await run(process.execPath, [program, '--seed', String(seed), '--trace', '--json']);
    const lines = stdout.trimEnd().split('\n');
    const { traceHash, headHash } = first.report;
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ seed: String(seed), traceHash, headHash });
    expect(lines.slice(0, -1)).toEqual(first.lines);
    expect(lines[0]).toMatch(/^0\.000 world faults /);
    expect(lines.at(-2)).toMatch(/ world end /);
  });

  it('gives another trace than another seed', async () => {
    const traces = new Set([first.report.traceHash]);
    for (const other of [49n, 20n]) traces.add((await simulate({ scenario: ofSeed(other) })).traceHash);
    expect(traces.size).toBe(3);
  });
});

describe('the command', () => {
  it('explains itself when it is not understood', async () => {
    for (const args of [['--seed', 'one'], ['--unknown'], ['--seeds', '1-2']]) {
      await expect(run(process.execPath, [program, ...args])).rejects.toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--help'),
      });
    }
  });
});

describe('the checks', () => {
  it('catch a disk that loses what it called durable', async () => {
    const failure = await failureOf(simulate({ scenario: ofSeed(seed), sabotage: { disk: 'lies' } }));
    expect(failure).toContain("A-I1: the head's work fell");
    expect(failure).toContain('replay: kvchain-testnet simulate --engine pow --seed 50');
  });

  it('catch a network that changes a byte of a block', async () => {
    const flip = (packet: Packet): Packet => {
      if (packet.type !== 'gossip' || packet.topic !== 'blocks') return packet;
      const data = packet.data.slice();
      data[40] = (data[40] ?? 0) ^ 1;
      return { ...packet, data };
    };
    expect(await failureOf(simulate({ scenario: ofSeed(seed), sabotage: { distortion: flip } }))).toContain(
      'blames the honest',
    );
  });

  it('catch a network that empties answers', async () => {
    const empty = (packet: Packet): Packet =>
      packet.type === 'answer' && packet.answer.ok
        ? { ...packet, answer: { ok: true, value: new Uint8Array([0x80]) } }
        : packet;
    // Bodies and the transactions of a compact block are both asked for; which answer is empty first, the seed decides.
    const failure = await failureOf(simulate({ scenario: ofSeed(seed), sabotage: { distortion: empty } }));
    expect(failure).toMatch(/blames the honest n\d: BAD_MESSAGE (an answer without a body|0 transactions for \d+)/);
  });
});

describe('the verdict', () => {
  const told = () => ({
    partitions: 0,
    forks: 0,
    oneWayCuts: 0,
    kills: 0,
    killsWhileSyncing: 0,
    restarts: 0,
    brokenDisks: 0,
    catchUps: 0,
    duels: 0,
    leadersKilled: 0,
    votersStruck: 0,
    blackouts: 0,
    leaderlessMsMax: 0,
  });

  async function ended() {
    const world = new World({ scenario: ofSeed(seed), onLine: () => {} });
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
