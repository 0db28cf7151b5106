import { describe, expect, it } from 'vitest';
import { genesisTime, targetMs } from '../engine-context.suite.ts';
import { Follower, Grower, only, rowsOf } from './grown-chain.suite.ts';
import { presyncPeersMax } from './presync.ts';
import { entriesMax, headersAheadMax } from './state.ts';

const grower = new Grower();
const { genesis, context } = grower;
const later = genesisTime + 1_000_000_000;

describe('memory', () => {
  it('holds the undo window and a margin, however long the chain', () => {
    const shallow = new Grower({ undoBlocksMax: 50 });
    const follower = new Follower(shallow.context);
    let tip = shallow.genesis;
    for (let part = 0; part < 15; part++) {
      const chain = shallow.chain(tip, 100);
      follower.deliver(chain, later);
      tip = chain.at(-1) ?? tip;
    }
    expect(follower.head.header.height).toBe(1_500);
    expect(follower.state.tree.size).toBeLessThanOrEqual(50 + 1_000 + 101);
    const floor = follower.state.tree.root;
    expect(floor.height).toBeGreaterThan(300);
    const keys = [...follower.state.tree.entries()].map(({ sealed }) => sealed.hash);
    const restarted = new Follower(shallow.context, rowsOf(follower.state, keys), follower.head.hash);
    expect(restarted.state.head.work).toBe(follower.state.head.work);
    expect(restarted.state.head.steps).toBe(follower.state.head.steps);
    expect(restarted.state.tree.root.key).toBe(floor.key);
  });
});

describe('recovery', () => {
  const main = grower.chain(genesis, 6);
  const fork = grower.chain(main[2] ?? genesis, 5, { salt: 1 });

  function rows() {
    const follower = new Follower(context);
    follower.deliver(main, later);
    follower.deliver(fork, later);
    return rowsOf(
      follower.state,
      [...main, ...fork].map(({ sealed }) => sealed.hash),
    );
  }

  it('goes on from any tip on the path of a switch that was cut short', () => {
    for (const tip of [...main, ...fork, genesis]) {
      const follower = new Follower(context, rows(), tip.sealed.hash);
      follower.step({ type: 'start', now: later });
      expect(follower.head).toEqual(fork.at(-1)?.sealed);
    }
  });

  it('does not undo below the floor, where bodies are not held, however short the undo would be', () => {
    const [tip, ancestor] = [main.at(-1)?.sealed, main[2]?.sealed];
    for (const floor of [3, 4]) {
      const follower = new Follower(context, rows(), tip?.hash, floor);
      const effects = follower.step({ type: 'start', now: later });
      const halt = only(effects, 'halt');
      expect(halt.map(({ code }) => code)).toEqual(floor > (ancestor?.header.height ?? 0) ? ['REORG_TOO_DEEP'] : []);
      expect(only(effects, 'switch')).toHaveLength(1 - halt.length);
    }
  });

  it('drops rows whose parent is missing', () => {
    const gapped = rows().filter(({ sealed }) => sealed.hashHex !== fork[0]?.sealed.hashHex);
    const follower = new Follower(context, gapped, main.at(-1)?.sealed.hash);
    expect(follower.state.tree.size).toBe(7);
    expect(only(follower.step({ type: 'start', now: later }), 'switch')).toEqual([]);
  });

  it('refuses a tip that is not among the blocks', () => {
    expect(() => new Follower(context, rows(), new Uint8Array(32).fill(5))).toThrow(/is not among the stored blocks/);
  });

  it('takes the steps of the lowest row from its record', () => {
    const upper = rows().filter(({ sealed }) => sealed.header.height >= 2);
    const follower = new Follower(context, upper, main.at(-1)?.sealed.hash);
    expect(follower.state.tree.root.height).toBe(2);
    expect(follower.state.head.steps).toBe(5 * targetMs);
    expect(follower.state.head.work).toBe(12n);
  });
});

describe('floods', () => {
  it('C6: of branches drop the lightest ones; the heaviest and the applied one stay', () => {
    const small = new Grower({ undoBlocksMax: 1 });
    const follower = new Follower(small.context);
    follower.deliver(small.chain(small.genesis, 3), later);
    const lengths = [12_000, 15_000, 14_000, 13_000];
    for (const [salt, length] of lengths.entries()) {
      const headers = small.chain(small.genesis, length, { salt: salt + 1 }).map(({ sealed }) => sealed);
      follower.step({ type: 'headers', now: later, from: `peer ${salt}`, headers });
      expect(follower.state.tree.size).toBeLessThanOrEqual(entriesMax(small.params));
    }
    expect(follower.state.bestHeader.height).toBe(15_000);
    expect(follower.head.header.height).toBe(3);
    const heights = follower.state.tree.leaves().map(({ height }) => height);
    expect(heights).toContain(15_000);
    expect(heights).toContain(14_000);
    expect(heights).not.toContain(12_000);
  });

  it('of headers above the tip wait outside, and the peer is asked again when there is room', () => {
    const follower = new Follower(context);
    const chain = grower.chain(genesis, headersAheadMax + 100);
    const headers = chain.map(({ sealed }) => sealed);
    follower.step({ type: 'headers', now: later, from: 'peer', headers });
    expect(follower.state.bestHeader.height).toBe(headersAheadMax);
    expect(follower.state.orphans.size).toBe(0);
    expect(only(follower.effects, 'fetchHeaders')).toEqual([]);
    for (const { hash } of headers.slice(0, headersAheadMax / 2)) follower.step({ type: 'body', now: later, hash });
    expect(only(follower.effects, 'fetchHeaders')).toEqual([{ type: 'fetchHeaders', peer: 'peer', after: null }]);
    follower.step({ type: 'headers', now: later, from: 'peer', headers });
    expect(follower.state.bestHeader.height).toBe(headersAheadMax + 100);
  });

  it('C6: of light branches from many peers keep one small record each, of a bounded number', () => {
    const follower = new Follower(context);
    follower.deliver(grower.chain(genesis, 200), later);
    const size = follower.state.tree.size;
    for (let peer = 0; peer < presyncPeersMax + 30; peer++) {
      const { sealed } = grower.next(genesis, { salt: peer + 1 });
      follower.step({ type: 'headers', now: later, from: `peer ${peer}`, headers: [sealed] });
    }
    expect(follower.state.tree.size).toBe(size);
    expect(follower.state.presync.summary()).toHaveLength(presyncPeersMax);
  });
});
