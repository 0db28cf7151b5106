import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sealedHeaderCodec } from '../../chain/block.ts';
import { fromHex } from '../../chain/bytes.ts';
import { decodeBytes } from '../../chain/codec.ts';
import { genesisTime } from '../engine-context.suite.ts';
import { Follower, Grower, type Grown, hashes, joined, only, rowsOf } from './grown-chain.suite.ts';
import { pow } from './pow.ts';
import { staleBlocks } from './view.ts';

const grower = new Grower();
const { genesis, context } = grower;
const later = genesisTime + 1_000_000_000;

describe('most work wins', () => {
  interface Vector {
    readonly targetMs: number;
    readonly tauMs: number;
    readonly bits: number;
    readonly maxTargetBits: number;
    readonly maxDriftMs: number;
    readonly genesisTime: number;
    readonly common: readonly string[];
    readonly easy: Branch;
    readonly hard: Branch;
  }
  interface Branch {
    readonly headers: readonly string[];
    readonly work: readonly string[];
  }
  const vector: Vector = JSON.parse(readFileSync('docs/protocol/vectors/most-work.json', 'utf8'));
  const { targetMs: interval, tauMs, bits, maxTargetBits, maxDriftMs } = vector;
  const rules = new Grower({ retarget: 'asert', targetMs: interval, tauMs, bits, maxTargetBits, maxDriftMs });
  const total = (branch: Branch) => branch.work.reduce((sum, work) => sum + BigInt(work), 0n);

  function decodeHeaders(encoded: readonly string[]): Grown[] {
    return encoded.map(text => {
      const decoded = decodeBytes(sealedHeaderCodec, fromHex(text) ?? new Uint8Array(), 1_000);
      if (!decoded.ok) throw new Error(decoded.error.detail);
      return { sealed: decoded.value, steps: 0 };
    });
  }

  it.each([
    ['easy first', ['common', 'easy', 'hard']],
    ['hard first', ['common', 'hard', 'easy']],
  ] as const)('C3: three easy blocks lose to two hard ones, %s', (_name, order) => {
    const branches = {
      common: decodeHeaders(vector.common),
      easy: decodeHeaders(vector.easy.headers),
      hard: decodeHeaders(vector.hard.headers),
    };
    const follower = new Follower(rules.context);
    for (const branch of order) follower.deliver(branches[branch], later);
    expect(branches.easy).toHaveLength(3);
    expect(branches.hard).toHaveLength(2);
    expect(total(vector.hard)).toBeGreaterThan(total(vector.easy));
    expect(follower.head.hashHex).toBe(branches.hard.at(-1)?.sealed.hashHex);
    const work = branches.easy.map(({ sealed }) => follower.state.tree.get(sealed.hashHex)?.work ?? 0n);
    const before = follower.state.tree.get(branches.common.at(-1)?.sealed.hashHex ?? '')?.work ?? 0n;
    expect((work.at(-1) ?? 0n) - before).toBe(total(vector.easy));
  });
});

describe('of equal branches', () => {
  const one = grower.chain(genesis, 3, { salt: 1 });
  const two = grower.chain(genesis, 3, { salt: 2 });

  it('C3: one of a thousand blocks changes nothing; one block more switches once, from fork to tip', () => {
    const follower = new Follower(context);
    const length = 1_000;
    const theirs = grower.chain(genesis, length + 1, { salt: 2 });
    follower.deliver(grower.chain(genesis, length, { salt: 1 }), later);
    const { head } = follower;
    expect(only(follower.deliver(theirs.slice(0, length), later), 'switch')).toEqual([]);
    expect(follower.head).toBe(head);
    const [order, ...others] = only(follower.deliver(theirs.slice(length), later), 'switch');
    expect(others).toEqual([]);
    expect([order?.undo.length, order?.apply.length]).toEqual([length, length + 1]);
    expect(follower.head).toBe(theirs.at(-1)?.sealed);
  });

  it('the applied tip stays', () => {
    const follower = new Follower(context);
    follower.deliver(one, later);
    follower.deliver(two, later);
    expect(follower.head).toBe(one.at(-1)?.sealed);
    expect(only(follower.effects, 'switch').flatMap(({ undo }) => undo)).toEqual([]);
  });

  it('C2: the applied tip stays over a restart', () => {
    const before = new Follower(context);
    before.deliver(one, later);
    before.deliver(two, later);
    const rows = rowsOf(
      before.state,
      [...two, ...one].map(({ sealed }) => sealed.hash),
    );
    const tip = one.at(-1)?.sealed.hash ?? genesis.sealed.hash;
    const restarted = new Follower(context, rows, tip);
    const effects = restarted.step({ type: 'start', now: later });
    expect(effects.map(({ type }) => type)).toEqual(['mine']);
    expect(restarted.head).toBe(one.at(-1)?.sealed);
  });

  it('C2: the one that was complete first is taken when the tip falls away', () => {
    const follower = new Follower(context);
    follower.answers = false;
    const three = grower.chain(genesis, 4, { salt: 3 });
    follower.deliver(three, later);
    follower.deliver(two, later);
    follower.deliver(one, later);
    follower.answers = true;
    const bad = three[0]?.sealed.hash ?? genesis.sealed.hash;
    follower.step({ type: 'invalid', now: later, hash: bad, code: 'BAD_STATE_ROOT' });
    expect(follower.head).toBe(two.at(-1)?.sealed);
  });

  it('C2: the heavier one is taken as soon as it is heavier', () => {
    const follower = new Follower(context);
    follower.deliver(one, later);
    const tip = two.at(-1) ?? genesis;
    const effects = follower.deliver([...two, grower.next(tip)], later);
    const [reorg] = only(effects, 'switch');
    expect(joined(reorg?.undo ?? [])).toBe(hashes([...one].reverse()));
    expect(joined(reorg?.apply ?? [])).toBe(hashes([...two, grower.next(tip)]));
    expect(reorg?.ancestor).toEqual(genesis.sealed.hash);
  });

  it('C2: blocks that lost are counted, whether they were undone or never adopted, and invalid ones are not', () => {
    const follower = new Follower(context);
    follower.deliver(one, later);
    expect(staleBlocks(follower.state)).toBe(0);
    follower.deliver(two, later);
    expect(staleBlocks(follower.state)).toBe(two.length);
    const tip = two.at(-1) ?? genesis;
    follower.deliver([grower.next(tip)], later);
    expect(staleBlocks(follower.state)).toBe(one.length);
    const bad = one[0]?.sealed.hash ?? genesis.sealed.hash;
    follower.step({ type: 'invalid', now: later, hash: bad, code: 'BAD_STATE_ROOT' });
    expect(staleBlocks(follower.state)).toBe(0);
  });
});

describe('any order of arrival', () => {
  /** A random tree: each block's parent is one of those before it; equal salts do not occur, so all blocks differ. */
  const trees = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 40 }).map(picks => {
    const grown: Grown[] = [genesis];
    for (const [index, pick] of picks.entries()) {
      const parent = grown[pick % grown.length] ?? genesis;
      grown.push(grower.next(parent, { salt: index + 1 }));
    }
    return grown.slice(1);
  });

  it('ends on the same work, and on the same tip when no two are equal', () => {
    fc.assert(
      fc.property(trees, fc.infiniteStream(fc.nat()), (tree, stream) => {
        const inOrder = new Follower(context);
        for (const grown of tree) inOrder.deliver([grown], later);
        const shuffled = new Follower(context);
        const order = shuffle(tree, stream);
        for (const grown of order)
          shuffled.step({ type: 'headers', now: later, from: 'peer', headers: [grown.sealed] });
        for (const grown of shuffle(order, stream))
          shuffled.step({ type: 'body', now: later, hash: grown.sealed.hash });
        const left = pow.view(inOrder.state);
        const right = pow.view(shuffled.state);
        expect(right.head.work).toBe(left.head.work);
        expect(right.bestHeader.work).toBe(left.head.work);
        const heaviest = left.tips.filter(({ work }) => work === left.head.work);
        if (heaviest.length === 1) expect(right.head.hash).toEqual(left.head.hash);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same effects and the same digest when it is repeated', () => {
    fc.assert(
      fc.property(trees, tree => {
        const runs = [new Follower(context), new Follower(context)];
        for (const run of runs) for (const grown of [...tree].reverse()) run.deliver([grown], later);
        expect(runs[0]?.effects).toEqual(runs[1]?.effects);
        expect(pow.digest(runs[0]?.state ?? fail())).toEqual(pow.digest(runs[1]?.state ?? fail()));
      }),
      { numRuns: 20 },
    );
  });
});

function shuffle<T>(items: readonly T[], stream: { next(): IteratorResult<number> }): T[] {
  const shuffled = [...items];
  for (let index = shuffled.length - 1; index > 0; index--) {
    const other = Number(stream.next().value) % (index + 1);
    const [a, b] = [shuffled[index], shuffled[other]];
    if (a === undefined || b === undefined) continue;
    shuffled[index] = b;
    shuffled[other] = a;
  }
  return shuffled;
}

function fail(): never {
  throw new Error('there is a run');
}
