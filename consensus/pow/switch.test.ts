import { describe, expect, it } from 'vitest';
import { genesisTime } from '../engine-context.suite.ts';
import { Follower, Grower, hashes, joined, only, rowsOf } from './grown-chain.suite.ts';
import { pow } from './pow.ts';

const grower = new Grower();
const { genesis, context } = grower;
const later = genesisTime + 1_000_000_000;

describe('one switch at a time', () => {
  const main = grower.chain(genesis, 3);
  const fork = grower.chain(genesis, 5, { salt: 1 });

  it('is under way; the next decision waits for its answer', () => {
    const follower = new Follower(context);
    follower.answers = false;
    const effects = [...follower.deliver(main, later), ...follower.deliver(fork, later)];
    const [first, ...others] = only(effects, 'switch');
    expect(others).toEqual([]);
    const tip = first?.apply.at(-1) ?? genesis.sealed.hash;
    const next = follower.step({ type: 'applied', now: later, tip });
    expect(joined(only(next, 'switch')[0]?.apply ?? [])).toBe(hashes(fork));
    expect(only(next, 'mine')).toEqual([]);
  });

  it('that was carried out in part is judged from where the ledger stands', () => {
    const follower = new Follower(context);
    follower.answers = false;
    follower.deliver(main.slice(0, 1), later);
    follower.step({ type: 'applied', now: later, tip: main[0]?.sealed.hash ?? genesis.sealed.hash });
    const [order] = only(follower.deliver(fork, later), 'switch');
    expect(order?.apply.length).toBeGreaterThan(0);
    const [, second, third] = fork.map(({ sealed }) => sealed.hash);
    const full = follower.step({ type: 'applied', now: later, tip: second ?? genesis.sealed.hash });
    const [rest] = only(full, 'switch');
    expect(rest?.undo).toEqual([]);
    const invalid = third ?? genesis.sealed.hash;
    const end = follower.step({ type: 'invalid', now: later, hash: invalid, code: 'BAD_STATE_ROOT' });
    expect(only(end, 'markInvalid')).toHaveLength(1);
    expect(only(end, 'mine')[0]?.template.parent).toEqual(second);
  });
});

describe('an invalid block', () => {
  const main = grower.chain(genesis, 3);
  const fork = grower.chain(genesis, 6, { salt: 1 });
  const third = fork[2]?.sealed ?? genesis.sealed;

  function withInvalid(): Follower {
    const follower = new Follower(context);
    follower.bad.add(third.hashHex);
    follower.deliver(main, later);
    follower.deliver(fork, later);
    return follower;
  }

  it('C19: takes its descendants with it; the best valid branch is followed', () => {
    const follower = withInvalid();
    expect(follower.head).toBe(main.at(-1)?.sealed);
    expect(only(follower.effects, 'markInvalid')).toEqual([
      { type: 'markInvalid', hash: third.hash, code: 'BAD_STATE_ROOT' },
    ]);
    expect(pow.view(follower.state)).toMatchObject({ bestHeader: { height: 3 }, head: { height: 3 } });
    expect(only(follower.effects, 'penalize')).toEqual([]);
  });

  it('C19: is remembered: what is built on it later is not stored, and costs nobody anything', () => {
    const follower = withInvalid();
    const more = grower.chain(fork.at(-1) ?? genesis, 5);
    const size = follower.state.tree.size;
    const effects = follower.deliver(more, later);
    expect(follower.state.tree.size).toBe(size);
    expect(only(effects, 'penalize')).toEqual([]);
    expect(only(effects, 'fetchBodies')).toEqual([]);
    expect(follower.head).toBe(main.at(-1)?.sealed);
  });

  it('C19: is remembered over a restart, with its descendants', () => {
    const before = withInvalid();
    const rows = rowsOf(
      before.state,
      [...main, ...fork].map(({ sealed }) => sealed.hash),
    ).map(row => {
      return row.sealed.hashHex === third.hashHex ? { ...row, isInvalid: true } : row;
    });
    const restarted = new Follower(context, rows, before.head.hash);
    expect(only(restarted.step({ type: 'start', now: later }), 'switch')).toEqual([]);
    const statuses = pow.view(restarted.state).tips.map(({ status, height }) => [status, height]);
    expect(statuses).toContainEqual(['invalid', 6]);
  });

  it('leaves its valid part a branch like any other', () => {
    const follower = withInvalid();
    const revived = grower.chain(fork[1] ?? genesis, 3, { salt: 2 });
    follower.deliver(revived, later);
    expect(follower.head).toBe(revived.at(-1)?.sealed);
  });
});

describe('a reorg below the undo window', () => {
  const shallow = new Grower({ undoBlocksMax: 5 });

  function fork(length: number): Follower {
    const follower = new Follower(shallow.context);
    follower.deliver(shallow.chain(shallow.genesis, length), later);
    follower.deliver(shallow.chain(shallow.genesis, length + 1, { salt: 1 }), later);
    return follower;
  }

  it('stops the engine with a message, and nothing moves any more', () => {
    const follower = fork(6);
    const [halt] = only(follower.effects, 'halt');
    expect(halt).toMatchObject({
      code: 'REORG_TOO_DEEP',
      detail: expect.stringContaining('6 blocks to undo, at most 5'),
    });
    expect(follower.head.header.height).toBe(6);
    expect(follower.deliver(shallow.chain(shallow.genesis, 20, { salt: 2 }), later)).toEqual([]);
  });

  it('C3: is carried out when it is exactly as deep as the window', () => {
    const follower = fork(5);
    expect(only(follower.effects, 'halt')).toEqual([]);
    expect(follower.head.header.height).toBe(6);
  });
});
