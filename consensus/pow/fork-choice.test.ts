import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sealedHeaderCodec } from '../../chain/block.ts';
import { fromHex } from '../../chain/bytes.ts';
import { decodeBytes } from '../../chain/codec.ts';
import { bodiesWantedMax } from '../engine.ts';
import { genesisTime } from '../engine-context.suite.ts';
import { Follower, Grower, type Grown, joined, only, rowsOf } from './grown-chain.suite.ts';
import { pow } from './pow.ts';
import { RelayCounts, relayCountsMax, siblingsRelayedMax } from './relay-counts.ts';
import { relayDepth, switchBlocksMax } from './state.ts';
import { bodyTimer } from './timers.ts';
import { staleBlocks } from './view.ts';

const grower = new Grower();
const { genesis, context } = grower;
const later = genesisTime + 1_000_000_000;
const hashes = (grown: readonly Grown[]) => joined(grown.map(({ sealed }) => sealed.hash));

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
