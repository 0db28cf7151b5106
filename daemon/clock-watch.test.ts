import { describe, expect, it } from 'vitest';
import type { Block } from '../chain/block.ts';
import { alice, put } from '../chain/ledger-fixture.suite.ts';
import { Branch, findNonce, genesis, signed } from './chain-fixture.suite.ts';
import { clockLookMs, watchClock } from './clock-watch.ts';
import { ManualClock, quiet, settle } from './manual-clock.suite.ts';
import { type OpenedNode, openNode, peerWith } from './node-fixture.suite.ts';
import { encodeCompactBlock } from './wire.ts';

const hourMs = 3_600_000;
const yearsMs = 10 * 365 * 24 * hourMs;
const jumps = [
  ['an hour on', hourMs],
  ['an hour back', -hourMs],
  ['ten years on', yearsMs],
  ['ten years back', -yearsMs],
] as const;

describe('the watch on the clock', () => {
  it.each(jumps)('D6: tells of a jump %s once, and of none while the clock is right', (_, byMs) => {
    const clock = new ManualClock(1_000_000);
    const told: number[] = [];
    const cancel = watchClock(clock, ms => told.push(ms));
    clock.advance(3 * clockLookMs);
    expect(told).toEqual([]);
    clock.jump(byMs);
    clock.advance(3 * clockLookMs);
    expect(told).toEqual([byMs]);
    cancel();
    expect(clock.timers).toEqual([]);
  });

  it('D6: tells of a clock that stands still for as long as it does', () => {
    const clock = new ManualClock(1_000_000);
    const told: number[] = [];
    watchClock(clock, ms => told.push(ms));
    for (let look = 0; look < 3; look++) {
      clock.jump(-clockLookMs);
      clock.advance(clockLookMs);
    }
    expect(told).toEqual([-clockLookMs, -clockLookMs, -clockLookMs]);
  });
});

/** Lets the miner find the nonce of the block that it searches; gives the time of that block. */
async function mineOne({ node, miner }: OpenedNode): Promise<number> {
  const { height } = node.ledger.head.header;
  await settle('a search', () => miner.isSearching);
  const job = miner.jobs.at(-1);
  if (job === undefined) throw new Error('there is a job');
  miner.find(findNonce(job.contentHash, node.ledger.head.header.bits, 'meets'));
  await settle('the block', () => node.ledger.head.header.height === height + 1);
  return node.ledger.head.header.time;
}

describe('a node whose clock is wrong', () => {
  it('D6: dates each block of its own after its parent while the clock stands still', async () => {
    const opened = await openNode();
    opened.node.producer.start();
    const times: number[] = [];
    while (times.length < 3) times.push(await mineOne(opened));
    const now = opened.clock.now();
    expect(times).toEqual([now, now + 1, now + 2]);
  });

  it.each(jumps)('D6: set %s, blames nobody, and is with the others soon after it was set right', async (_, byMs) => {
    const opened = await openNode();
    const { node, clock, network } = opened;
    const branch = new Branch(genesis);
    const time = clock.now();
    const news = [branch.grow([], { changes: { time } }), branch.grow([], { changes: { time: time + 1 } })];
    let told: readonly Block[] = [];
    network.connect('peer', 0n, request => peerWith(told)(request));
    await quiet();

    clock.jump(byMs);
    node.producer.start();
    // Ahead of the others it may find a block that none of them takes yet.
    if (byMs > 0) expect(await mineOne(opened)).toBe(time + byMs);
    told = news;
    for (const block of news) await network.handlers.onGossip('blocks', 'peer', encodeCompactBlock(block, []));
    await quiet();
    clock.jump(-byMs);
    clock.advance(clockLookMs);

    await settle('their head', () => node.ledger.head.hashHex === branch.tip.hashHex);
    await quiet();
    expect(await mineOne(opened)).toBeGreaterThan(branch.tip.header.time);
    expect(network.penalties).toEqual([]);
    expect([...opened.faults, ...opened.fatal]).toEqual([]);
  });

  it('D6: keeps what waits in its mempool for as long as without the jump', async () => {
    const { node, clock } = await openNode();
    const early = signed(alice, [put('k', 'v')], { nonce: 1 });
    await node.pipeline.submitted([early], 'rpc:test');
    clock.jump(yearsMs);
    clock.advance(2 * clockLookMs);
    expect(node.mempool.has(early.idHex)).toBe(true);
    clock.jump(-2 * yearsMs);
    clock.advance(24 * hourMs);
    expect(node.mempool.has(early.idHex)).toBe(false);
  });
});
