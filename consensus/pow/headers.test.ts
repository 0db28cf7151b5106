import { describe, expect, it } from 'vitest';
import type { SealedHeader } from '../../chain/block.ts';
import { bitsForLeadingZeros, encodeBits } from '../../chain/target.ts';
import { genesisTime, targetMs } from '../engine-context.suite.ts';
import { Random } from '../random.ts';
import { deferredMax } from './future.ts';
import { Follower, Grower, type Grown, mine, mineBadly, only } from './grown-chain.suite.ts';
import { Orphans, orphanIntervals, orphanLimits } from './orphans.ts';
import { pow } from './pow.ts';
import { lowWorkDepthMax } from './state.ts';
import { deferredTimer, orphanTimer } from './timers.ts';

const grower = new Grower();
const { genesis, context } = grower;
const later = genesisTime + 1_000_000_000;

function sealedOf(grown: readonly Grown[]): SealedHeader[] {
  return grown.map(({ sealed }) => sealed);
}

describe('a seal', () => {
  const good = grower.next(genesis).sealed;

  it('passes when its hash meets its bits', () => {
    expect(pow.checkSeal(good, grower.params)).toEqual({ ok: true, value: null });
  });

  it.each([
    ['BAD_VERSION', mine({ ...good.header, version: 2 })],
    ['BAD_BITS', mine({ ...good.header, bits: 0 })],
    ['BAD_BITS', mine({ ...good.header, bits: 0x04800001 })],
    ['BAD_BITS', mine({ ...good.header, bits: 0x22000001 })],
    ['BAD_WORK', mineBadly(good.header)],
    ['BAD_HEADER', mine({ ...good.header, extension: Uint8Array.of(1) })],
  ])('C6: is refused with %s', (code, sealed) => {
    expect(pow.checkSeal(sealed, grower.params)).toMatchObject({ ok: false, error: { code } });
  });

  it('C6: may not be easier than the limit of the network', () => {
    const params = { ...grower.params, maxTargetBits: bitsForLeadingZeros(2) };
    expect(pow.checkSeal(good, params)).toMatchObject({ ok: false, error: { code: 'BAD_BITS' } });
  });

  it('accepts a hash that is equal to its target, and none above it', () => {
    const hash = new Uint8Array(32);
    hash.set([0x7f, 0xff, 0x80], 0);
    const bits = encodeBits(BigInt(`0x7fff80${'00'.repeat(29)}`));
    const atTarget = { ...good, hash, header: { ...good.header, bits } };
    expect(pow.checkSeal(atTarget, grower.params).ok).toBe(true);
    expect(pow.checkSeal({ ...atTarget, hash: Uint8Array.from(hash).fill(1, 31) }, grower.params).ok).toBe(false);
  });
});

describe('a header', () => {
  const first = grower.next(genesis);

  it.each([
    ['BAD_WORK', mineBadly(first.sealed.header)],
    ['BAD_HEIGHT', grower.next(genesis, { changes: { height: 2 } }).sealed],
    ['BAD_HEIGHT', grower.next(genesis, { changes: { height: 0 } }).sealed],
    ['BAD_BITS', grower.next(genesis, { changes: { bits: bitsForLeadingZeros(3) } }).sealed],
    ['BAD_TIME', grower.next(genesis, { stepMs: 0 }).sealed],
    ['BAD_TIME', grower.next(genesis, { stepMs: -1 }).sealed],
  ])('C20: that breaks a rule costs its sender %s and is not kept', (code, sealed) => {
    const follower = new Follower(context);
    const effects = follower.step({ type: 'headers', now: later, from: 'liar', headers: [sealed] });
    expect(effects).toEqual([{ type: 'penalize', peer: 'liar', code, detail: expect.any(String) }]);
    expect(pow.header(follower.state, sealed.hash)).toBeNull();
    expect(follower.state.orphans.size).toBe(0);
  });

  it('C4: is accepted when it is one millisecond after its parent', () => {
    const follower = new Follower(context);
    const { sealed } = grower.next(genesis, { stepMs: 1 });
    follower.step({ type: 'headers', now: later, from: 'peer', headers: [sealed] });
    expect(pow.header(follower.state, sealed.hash)).toBe(sealed);
  });

  it('that breaks a rule ends the list of its sender, and what came before it stays', () => {
    const follower = new Follower(context);
    const wrong = grower.next(first, { stepMs: 0 });
    const headers = sealedOf([first, wrong, ...grower.chain(wrong, 3)]);
    const effects = follower.step({ type: 'headers', now: later, from: 'liar', headers });
    expect(only(effects, 'penalize')).toHaveLength(1);
    expect(only(effects, 'fetchHeaders')).toHaveLength(0);
    expect(follower.state.tree.size).toBe(2);
    expect(follower.state.orphans.size).toBe(0);
  });

  it('C20: that is its own parent, or the genesis again, changes nothing', () => {
    const follower = new Follower(context);
    const own = { ...first.sealed, header: { ...first.sealed.header, parent: first.sealed.hash } };
    follower.step({ type: 'headers', now: later, from: 'liar', headers: [own] });
    const known = follower.step({ type: 'headers', now: later, from: 'peer', headers: [genesis.sealed] });
    expect(known).toEqual([]);
    expect(follower.state.tree.size).toBe(1);
  });
});

describe('a header from the future', () => {
  const { maxDriftMs } = grower.params;
  const early = grower.next(genesis, { stepMs: maxDriftMs + 5_000 });

  it('C5: waits, costs nobody anything, and is accepted when its time comes', () => {
    const follower = new Follower(context);
    const event = { type: 'headers', now: genesisTime, from: 'peer', headers: [early.sealed] } as const;
    const effects = follower.step(event);
    expect(only(effects, 'penalize')).toEqual([]);
    expect(only(effects, 'markInvalid')).toEqual([]);
    expect(only(effects, 'setTimer')).toEqual([{ type: 'setTimer', id: deferredTimer, afterMs: 5_000 }]);
    expect(follower.state.deferred.size).toBe(1);
    expect(pow.view(follower.state)).toMatchObject({ bestHeader: { height: 0 } });

    const due = follower.step({ type: 'timer', now: genesisTime + 5_000, id: deferredTimer });
    expect(only(due, 'fetchBodies')[0]?.hashes).toEqual([early.sealed.hash]);
    expect(follower.state.deferred.size).toBe(0);
    expect(pow.view(follower.state)).toMatchObject({ bestHeader: { height: 1 } });
  });

  it('is accepted at once when its time is exactly the limit', () => {
    const follower = new Follower(context);
    follower.step({ type: 'headers', now: genesisTime + 5_000, from: 'peer', headers: [early.sealed] });
    expect(follower.state.deferred.size).toBe(0);
    expect(pow.view(follower.state)).toMatchObject({ bestHeader: { height: 1 } });
  });

  it('waits on when the timer fires too soon', () => {
    const follower = new Follower(context);
    follower.step({ type: 'headers', now: genesisTime, from: 'peer', headers: [early.sealed] });
    const effects = follower.step({ type: 'timer', now: genesisTime + 4_999, id: deferredTimer });
    expect(effects).toEqual([{ type: 'setTimer', id: deferredTimer, afterMs: 1 }]);
  });

  it('is followed by its descendants, which wait with it unasked', () => {
    const follower = new Follower(context);
    const headers = sealedOf([early, ...grower.chain(early, 3, { stepMs: 1 })]);
    const effects = follower.step({ type: 'headers', now: genesisTime, from: 'peer', headers });
    // The child of the deferred header asks for nothing; grandchildren may, once.
    expect(only(effects, 'fetchHeaders').length).toBeLessThanOrEqual(1);
    follower.step({ type: 'timer', now: genesisTime + 5_010, id: deferredTimer });
    expect(pow.view(follower.state).bestHeader.height).toBe(4);
  });

  it('C5: is one of a bounded number: those that would wait longest go', () => {
    const follower = new Follower(context);
    const count = deferredMax + 20;
    for (let index = 0; index < count; index++) {
      const far = grower.next(genesis, { stepMs: maxDriftMs + 100_000 - index, salt: index }).sealed;
      follower.step({ type: 'headers', now: genesisTime, from: 'peer', headers: [far] });
    }
    expect(follower.state.deferred.size).toBe(deferredMax);
    expect(follower.state.deferred.nextDueAt).toBe(genesisTime + 100_000 - count + 1);
  });
});

describe('orphans', () => {
  const [first, ...rest] = grower.chain(genesis, 40);

  it('wait for their parent, and the peer is asked once', () => {
    const follower = new Follower(context);
    const effects = follower.step({ type: 'headers', now: later, from: 'peer', headers: sealedOf(rest) });
    expect(only(effects, 'fetchHeaders')).toEqual([{ type: 'fetchHeaders', peer: 'peer', after: null }]);
    expect(follower.state.orphans.size).toBe(39);
    follower.step({
      type: 'headers',
      now: later,
      from: 'other',
      headers: sealedOf(first === undefined ? [] : [first]),
    });
    expect(follower.state.orphans.size).toBe(0);
    expect(pow.view(follower.state)).toMatchObject({ bestHeader: { height: 40 } });
  });

  it('C18: are bounded per peer and in all', () => {
    const follower = new Follower(context);
    for (let peer = 0; peer < 15; peer++) {
      const headers = Array.from({ length: 150 }, (_, index) => {
        return grower.next(genesis, { changes: { parent: new Uint8Array(32).fill(9) }, salt: peer * 1_000 + index })
          .sealed;
      });
      follower.step({ type: 'headers', now: later, from: `peer ${peer}`, headers });
      expect(follower.state.orphans.size).toBe(Math.min((peer + 1) * orphanLimits.perPeer, orphanLimits.total));
    }
  });

  it('expire', () => {
    const follower = new Follower(context);
    follower.step({ type: 'headers', now: later, from: 'peer', headers: sealedOf(rest) });
    const lifeMs = orphanIntervals * targetMs;
    const early = follower.step({ type: 'timer', now: later + lifeMs - 1, id: orphanTimer });
    expect(early).toEqual([{ type: 'setTimer', id: orphanTimer, afterMs: lifeMs }]);
    expect(follower.state.orphans.size).toBe(39);
    expect(follower.step({ type: 'timer', now: later + lifeMs, id: orphanTimer })).toEqual([]);
    expect(follower.state.orphans.size).toBe(0);
  });

  it('C18: that arrive in reverse order are joined from whatever fits, and the rest is asked for', () => {
    const follower = new Follower(context);
    const chain = sealedOf(grower.chain(genesis, 2_000));
    for (const [index, sealed] of [...chain].reverse().entries()) {
      follower.step({ type: 'headers', now: later + index, from: 'peer', headers: [sealed] });
      expect(follower.state.orphans.size).toBeLessThanOrEqual(orphanLimits.perPeer);
    }
    expect(only(follower.effects, 'fetchHeaders').length).toBeGreaterThan(0);
    follower.step({ type: 'headers', now: later + 2_000, from: 'peer', headers: chain });
    expect(pow.view(follower.state).bestHeader.height).toBe(2_000);
  });

  it('C18: set free by one header join without recursion, 10,000 of them', () => {
    const chain = sealedOf(grower.chain(genesis, 10_001));
    const follower = new Follower(context);
    const limits = { perPeer: 10_000, total: 10_000 };
    const state = { ...follower.state, orphans: new Orphans(new Random(1n), limits) };
    for (const sealed of chain.slice(1).reverse()) {
      pow.step(state, { type: 'headers', now: later, from: 'peer', headers: [sealed] });
    }
    expect(state.orphans.size).toBe(10_000);
    pow.step(state, { type: 'headers', now: later, from: 'peer', headers: chain.slice(0, 1) });
    expect(state.orphans.size).toBe(0);
    expect(pow.view(state).bestHeader.height).toBe(10_001);
  });
});

describe('a light branch', () => {
  const longer = lowWorkDepthMax + 60;
  const main = grower.chain(genesis, longer);
  const light = grower.chain(genesis, 40, { salt: 1 });
  const heavier = grower.chain(genesis, longer + 5, { salt: 2 });

  function followMain(): Follower {
    const follower = new Follower(context);
    follower.deliver(main, later);
    return follower;
  }

  it('C6: is checked and not stored', () => {
    const follower = followMain();
    const before = follower.state.tree.size;
    const effects = follower.step({ type: 'headers', now: later, from: 'spammer', headers: sealedOf(light) });
    expect(follower.state.tree.size).toBe(before);
    expect(only(effects, 'fetchHeaders')).toEqual([
      { type: 'fetchHeaders', peer: 'spammer', after: light.at(-1)?.sealed.hash },
    ]);
  });

  it('costs its sender what breaks a rule in it, on the first pass already', () => {
    const follower = followMain();
    const parent = light.at(-1) ?? genesis;
    follower.step({ type: 'headers', now: later, from: 'spammer', headers: sealedOf(light) });
    const wrong = grower.next(parent, { stepMs: 0 }).sealed;
    const effects = follower.step({ type: 'headers', now: later, from: 'spammer', headers: [wrong] });
    expect(only(effects, 'penalize')[0]).toMatchObject({ peer: 'spammer', code: 'BAD_TIME' });
  });

  it('that turns out heavy is asked for again from its fork, stored and followed', () => {
    const follower = followMain();
    const before = follower.state.tree.size;
    const parts = [sealedOf(heavier.slice(0, 30)), sealedOf(heavier.slice(30, 50)), sealedOf(heavier.slice(50, 62))];
    const asked = parts.map(headers => {
      const effects = follower.step({ type: 'headers', now: later, from: 'peer', headers });
      expect(follower.state.tree.size).toBe(before);
      return only(effects, 'fetchHeaders').at(-1)?.after;
    });
    expect(asked).toEqual([heavier[29]?.sealed.hash, heavier[49]?.sealed.hash, genesis.sealed.hash]);

    const second = follower.step({
      type: 'headers',
      now: later,
      from: 'peer',
      headers: sealedOf(heavier.slice(0, 30)),
    });
    expect(follower.state.tree.size).toBe(before + 30);
    expect(only(second, 'fetchHeaders')).toEqual([
      { type: 'fetchHeaders', peer: 'peer', after: heavier[29]?.sealed.hash },
    ]);
    follower.deliver(heavier.slice(30), later);
    follower.deliver(heavier.slice(0, 30), later);
    expect(follower.head).toBe(heavier.at(-1)?.sealed);
  });

  it('is stored at once when the message itself shows enough work', () => {
    const follower = followMain();
    follower.deliver(heavier, later);
    expect(follower.head).toBe(heavier.at(-1)?.sealed);
  });

  it('may not grow on an allowance beyond what the first pass had', () => {
    const follower = followMain();
    follower.step({ type: 'headers', now: later, from: 'peer', headers: sealedOf(heavier.slice(0, 30)) });
    follower.step({ type: 'headers', now: later, from: 'peer', headers: sealedOf(heavier.slice(30, 62)) });
    const before = follower.state.tree.size;
    for (let salt = 10; salt < 110; salt++) {
      const cheap = grower.next(genesis, { salt }).sealed;
      follower.step({ type: 'headers', now: later, from: 'peer', headers: [cheap] });
    }
    expect(follower.state.tree.size).toBeLessThanOrEqual(before + 62);
  });
});
