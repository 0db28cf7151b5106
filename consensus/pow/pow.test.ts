import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seal } from '../../chain/block.ts';
import { type EngineFixture, engineSuite } from '../engine.suite.ts';
import { genesisTime } from '../engine-context.suite.ts';
import { createEngine } from '../registry.ts';
import { Grower, type Grown, mine, type PowEvent } from './grown-chain.suite.ts';
import { pow } from './pow.ts';
import type { PowState } from './state.ts';

const grower = new Grower({ undoBlocksMax: 30 });
const { context, genesis } = grower;
const later = genesisTime + 1_000_000_000;

/** A forest that scripts and liars take their headers from: four branches, forking at different heights. */
const trunk = grower.chain(genesis, 8);
const forest: readonly Grown[] = [
  ...trunk,
  ...grower.chain(trunk[2] ?? genesis, 4, { salt: 1 }),
  ...grower.chain(trunk[5] ?? genesis, 5, { salt: 2 }),
  ...grower.chain(genesis, 3, { salt: 3 }),
];
const pick = fc.constantFrom(...forest.map(({ sealed }) => sealed));

/** Headers in an honest order, in lists of any length; each body some time after its header. */
const scripts: fc.Arbitrary<readonly PowEvent[]> = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 20, maxLength: 20 }),
    fc.array(fc.nat(), { maxLength: 20 }),
  )
  .map(([sizes, delays]) => {
    const events: PowEvent[] = [{ type: 'start', now: later }];
    let next = 0;
    for (const size of sizes) {
      const headers = forest.slice(next, next + size).map(({ sealed }) => sealed);
      next += size;
      if (headers.length > 0) events.push({ type: 'headers', now: later, from: 'peer', headers });
    }
    for (const [index, { sealed }] of forest.entries()) {
      const headerAt = events.findIndex(event => event.type === 'headers' && event.headers.includes(sealed));
      const place = headerAt + 1 + ((delays[index % Math.max(1, delays.length)] ?? 0) % (events.length - headerAt));
      events.splice(place, 0, { type: 'body', now: later, hash: sealed.hash });
    }
    return events;
  });

/** Good headers, good headers with one field changed and new work, and headers with an impossible one. */
const headers = fc.oneof(
  pick,
  fc
    .tuple(pick, fc.constantFrom('height', 'time', 'version'), fc.maxSafeNat())
    .map(([sealed, field, value]) => mine({ ...sealed.header, [field]: value })),
  // No work is done for these: a target may be too hard to meet.
  fc
    .tuple(pick, fc.nat(0xffffffff))
    .map(([sealed, bits]) => seal({ ...sealed.header, bits }, sealed.nonce, sealed.signature)),
  fc
    .tuple(pick, fc.uint8Array({ minLength: 32, maxLength: 32 }))
    .map(([sealed, parent]) => mine({ ...sealed.header, parent, bits: grower.params.bits })),
);

const fixture: EngineFixture<PowState, never, never> = {
  engine: pow,
  context,
  scripts,
  headers,
  messages: null,
  contradicts: () => false,
};

engineSuite('pow', fixture);

it('runs behind the registry as well as by itself', () => {
  const engine = createEngine('pow');
  if (!engine.ok) throw new Error(engine.error.detail);
  const instance = engine.value.recover(context, { records: [], tree: [], applied: genesis.sealed.hash, floor: 0 });
  const direct = pow.recover(context, { records: [], tree: [], applied: genesis.sealed.hash, floor: 0 });
  const [first] = trunk;
  if (first === undefined) throw new Error('the trunk has blocks');
  const events = [
    { type: 'headers', now: later, from: 'peer', headers: [first.sealed] },
    { type: 'body', now: later, hash: first.sealed.hash },
    { type: 'applied', now: later, tip: first.sealed.hash },
  ] as const;
  for (const event of events) expect(instance.step(event)).toEqual(pow.step(direct, event));
  expect(instance.digest()).toEqual(pow.digest(direct));
  expect(instance.view()).toEqual(pow.view(direct));
  expect(instance.header(first.sealed.hash)).toBe(first.sealed);
  expect(instance.treeRecord(first.sealed.hash)).toEqual(pow.treeRecord(direct, first.sealed.hash));
  expect(instance.treeRecord(new Uint8Array(32))).toBeNull();
  expect(instance.checkSeal(first.sealed, grower.params)).toEqual({ ok: true, value: null });
});
