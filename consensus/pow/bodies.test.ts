import { describe, expect, it } from 'vitest';
import { fromHex } from '../../chain/bytes.ts';
import { paramsAt } from '../../chain/genesis.ts';
import { bodiesWantedMax } from '../engine.ts';
import { genesisTime } from '../engine-context.suite.ts';
import { Follower, Grower, hashes, joined, only } from './grown-chain.suite.ts';
import { pow } from './pow.ts';
import { RelayCounts, relayCountsMax, siblingsRelayedMax } from './relay-counts.ts';
import { relayDepth, switchBlocksMax } from './state.ts';
import { bodyTimer } from './timers.ts';

const grower = new Grower();
const { genesis, context } = grower;
const params = paramsAt(context.genesis, 0);
const later = genesisTime + 1_000_000_000;

describe('bodies', () => {
  const main = grower.chain(genesis, 5);
  const fork = grower.chain(genesis, 7, { salt: 1 });

  it('decide when a branch counts: headers alone never move the tip', () => {
    const follower = new Follower(context);
    follower.deliver(main, later);
    follower.step({ type: 'headers', now: later, from: 'peer', headers: fork.map(({ sealed }) => sealed) });
    expect(follower.head).toBe(main.at(-1)?.sealed);
    expect(pow.view(follower.state)).toMatchObject({ bestHeader: { height: 7 }, head: { height: 5 } });
    // Out of order, the first one last.
    for (const { sealed } of [...fork].reverse().slice(0, 6))
      follower.step({ type: 'body', now: later, hash: sealed.hash });
    expect(follower.head).toBe(main.at(-1)?.sealed);
    follower.step({ type: 'body', now: later, hash: fork[0]?.sealed.hash ?? genesis.sealed.hash });
    expect(follower.head).toBe(fork.at(-1)?.sealed);
  });

  it('are asked for oldest first, with the sender of the headers as a hint, and again when late', () => {
    const follower = new Follower(context);
    const headers = fork.map(({ sealed }) => sealed);
    const [order] = only(follower.step({ type: 'headers', now: later, from: 'peer', headers }), 'fetchBodies');
    expect(joined(order?.hashes ?? [])).toBe(hashes(fork));
    expect(order?.hint).toBe('peer');
    const again = follower.step({ type: 'timer', now: later + 40_000, id: bodyTimer });
    expect(joined(only(again, 'fetchBodies')[0]?.hashes ?? [])).toBe(hashes(fork));
  });

  it('of one branch take at most half of the room, so one that is withheld cannot starve another', () => {
    const follower = new Follower(context);
    const withheld = grower.chain(genesis, bodiesWantedMax, { salt: 3 });
    follower.step({ type: 'headers', now: later, from: 'attacker', headers: withheld.map(({ sealed }) => sealed) });
    expect(follower.state.wanted.size).toBe(bodiesWantedMax / 2);
    follower.deliver(main, later);
    expect(follower.head).toBe(main.at(-1)?.sealed);
  });

  it('C3: of a long chain are asked for as room comes free, each once delivered never again', () => {
    const follower = new Follower(context);
    const chain = grower.chain(genesis, 3_000);
    follower.step({ type: 'headers', now: later, from: 'peer', headers: chain.map(({ sealed }) => sealed) });
    let rounds = 0;
    while (follower.state.wanted.size > 0 && rounds < 5_000) {
      const [key] = follower.state.wanted;
      follower.step({ type: 'body', now: later, hash: fromHex(key ?? '') ?? genesis.sealed.hash });
      rounds += 1;
    }
    expect(rounds).toBe(3_000);
    expect(follower.head).toBe(chain.at(-1)?.sealed);
    const switches = only(follower.effects, 'switch');
    expect(Math.max(...switches.map(({ apply }) => apply.length))).toBeLessThanOrEqual(switchBlocksMax);
  });

  it('are passed on near the best header, and not far below it', () => {
    const follower = new Follower(context);
    const chain = grower.chain(genesis, relayDepth + 3);
    const relayed = only(follower.deliver(chain, later), 'relay').map(({ hash }) => hash);
    expect(joined(relayed)).toBe(hashes(chain.slice(2)));
    const again = follower.step({ type: 'body', now: later, hash: chain[5]?.sealed.hash ?? genesis.sealed.hash });
    expect(again).toEqual([]);
  });

  it('are passed on while they are new, though headers without bodies promise far more work', () => {
    const promised = grower.chain(genesis, relayDepth + 3, { salt: 1 });
    const [block = genesis] = grower.chain(genesis, 1);
    const newUntil = block.sealed.header.time + relayDepth * params.targetMs + params.maxDriftMs;
    for (const [now, count] of [
      [newUntil, 1],
      [newUntil + 1, 0],
    ] as const) {
      const follower = new Follower(context);
      follower.step({ type: 'headers', now, from: 'withholder', headers: promised.map(({ sealed }) => sealed) });
      expect(only(follower.deliver([block], now), 'relay')).toHaveLength(count);
    }
  });

  it('of one producer at one height are all kept and judged, but only some of them are passed on', () => {
    const follower = new Follower(context);
    const siblings = Array.from({ length: siblingsRelayedMax + 3 }, (_, salt) => grower.next(genesis, { salt }));
    const relayed = only(follower.deliver(siblings, later), 'relay').map(({ hash }) => hash);
    expect(joined(relayed)).toBe(hashes(siblings.slice(0, siblingsRelayedMax)));
    for (const { sealed } of siblings) expect(follower.state.tree.get(sealed.hashHex)?.isComplete).toBe(true);
    expect(follower.head).toBe(siblings[0]?.sealed);
    const last = siblings.at(-1) ?? genesis;
    const child = grower.next(last);
    expect(only(follower.deliver([child], later), 'relay')).toHaveLength(1);
    expect(follower.head).toBe(child.sealed);
  });

  it('of another producer at that height are passed on, and the heaviest known always is', () => {
    const follower = new Follower(context);
    const [first = genesis] = grower.chain(genesis, 1);
    const siblings = Array.from({ length: siblingsRelayedMax }, (_, salt) => grower.next(first, { salt }));
    follower.deliver([first, ...siblings], later);
    const other = grower.next(first, { changes: { producer: new Uint8Array(33).fill(2) } });
    expect(only(follower.deliver([other], later), 'relay')).toHaveLength(1);
    const late = grower.next(first, { salt: 99 });
    expect(only(follower.deliver([late], later), 'relay')).toEqual([]);
    follower.step({ type: 'invalid', now: later, hash: first.sealed.hash, code: 'BAD_STATE_ROOT' });
    const heaviest = grower.chain(grower.next(genesis, { salt: 7 }), 1, { salt: 8 });
    const branch = [grower.next(genesis, { salt: 7 }), ...heaviest];
    const relayed = only(follower.deliver(branch, later), 'relay').map(({ hash }) => hash);
    expect(joined(relayed)).toBe(hashes(branch));
  });

  it('are counted for the last heights and producers alone', () => {
    const counts = new RelayCounts();
    const { header } = genesis.sealed;
    for (let height = 0; height < relayCountsMax + 5; height++) expect(counts.add({ ...header, height })).toBe(true);
    expect(counts.entries()).toHaveLength(relayCountsMax);
  });

  it('of unknown blocks change nothing', () => {
    const follower = new Follower(context);
    const digest = pow.digest(follower.state);
    expect(follower.step({ type: 'body', now: later, hash: new Uint8Array(32).fill(3) })).toEqual([]);
    expect(pow.digest(follower.state)).toEqual(digest);
  });
});
