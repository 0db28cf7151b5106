/**
 * What every engine must pass, whatever it agrees on: the contract of engine.ts as laws. A law takes a fixture and throws when the
 * engine breaks it; `engineSuite` makes a test of each, and engine.test.ts shows that broken engines are caught by them.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SealedHeader } from '../chain/block.ts';
import { toHex } from '../chain/bytes.ts';
import { decodeBytes, encode } from '../chain/codec.ts';
import type { Effect, Engine, EngineContext, EngineEvent, TreeRow } from './engine.ts';

export interface EngineFixture<S, M, R> {
  readonly engine: Engine<S, M, R>;
  readonly context: EngineContext;
  /** Conversations that an honest node could have: what others sent, and the bodies; the suite's ledger answers switches itself. */
  readonly scripts: fc.Arbitrary<readonly EngineEvent<M>[]>;
  /** What a liar could send: decoded and bounded, otherwise anything. */
  readonly headers: fc.Arbitrary<SealedHeader>;
  readonly messages: fc.Arbitrary<M> | null;
  /** True when a node that sent `earlier` must never send `later`. */
  readonly contradicts: (earlier: M, later: M) => boolean;
}

export interface Law {
  readonly name: string;
  check<S, M, R>(fixture: EngineFixture<S, M, R>): void;
}

const runs = { numRuns: 25 };
/** Members of the network that a script tells of. */
const membersMax = 5;

/** Everything that a node has beside its engine: a log, stored blocks, a ledger that says yes, and what it told others. */
class Shell<S, M, R> {
  readonly engine: Engine<S, M, R>;
  readonly state: S;
  readonly log: R[] = [];
  readonly rows: Map<string, TreeRow>;
  readonly sent: M[] = [];
  /** Records that were in the log when the last message left: no legal crash loses them. */
  recordsPromised = 0;
  applied: Uint8Array;
  readonly effects: Effect<M, R>[] = [];
  /** Effects that are carried out before the power goes. */
  /** What a crash may take; the next barrier brings it to the disk. */
  readonly #noted: R[] = [];
  #left: number;

  constructor(fixture: EngineFixture<S, M, R>, before?: Durable<R>, effectsMax = Number.POSITIVE_INFINITY) {
    this.engine = fixture.engine;
    this.rows = new Map(before?.rows.map(row => [row.sealed.hashHex, row]));
    this.applied = before?.applied ?? fixture.context.genesisHeader.hash;
    this.log.push(...(before?.records ?? []));
    this.#left = effectsMax;
    const recovery = { records: [...this.log], tree: [...this.rows.values()], applied: this.applied, floor: 0 };
    this.state = this.engine.recover(fixture.context, recovery);
  }

  get isDown(): boolean {
    return this.#left <= 0;
  }

  /** What is on disk, blocks with parents before children, and the log as long as given. */
  durable(recordsKept: number = this.log.length): Durable<R> {
    const rows = [...this.rows.values()].sort((a, b) => a.sealed.header.height - b.sealed.header.height);
    return { records: this.log.slice(0, recordsKept), rows, applied: this.applied };
  }

  run(events: readonly EngineEvent<M>[]): this {
    for (const event of events) this.step(event);
    return this;
  }

  step(event: EngineEvent<M>): void {
    const queue: EngineEvent<M>[] = [event];
    for (let next = queue.shift(); next !== undefined && !this.isDown; next = queue.shift()) {
      if (next.type === 'body') this.#store(next.hash);
      for (const effect of this.engine.step(this.state, next)) {
        if (this.isDown) return;
        this.#left -= 1;
        this.effects.push(effect);
        const answer = this.#carryOut(effect, next.now);
        if (answer !== null) queue.push(answer);
      }
    }
  }

  #store(hash: Uint8Array): void {
    const sealed = this.engine.header(this.state, hash);
    const record = this.engine.treeRecord(this.state, hash);
    if (sealed !== null && record !== null) this.rows.set(toHex(hash), { sealed, record, isInvalid: false });
  }

  #carryOut(effect: Effect<M, R>, now: number): EngineEvent<M> | null {
    switch (effect.type) {
      case 'note':
        this.#noted.push(...effect.records);
        return null;
      case 'persist':
        this.log.push(...this.#noted.splice(0), ...effect.records);
        return null;
      case 'send':
      case 'broadcast':
      case 'announce':
        this.sent.push(effect.message);
        this.recordsPromised = this.log.length;
        return null;
      case 'switch':
        this.applied = effect.apply.at(-1) ?? effect.ancestor;
        return { type: 'applied', now, tip: this.applied };
      default:
        return null;
    }
  }
}

interface Durable<R> {
  readonly records: readonly R[];
  readonly rows: readonly TreeRow[];
  readonly applied: Uint8Array;
}

/** Hashes that may be known, and hashes that cannot be. */
function hashesOf<S, M, R>(fixture: EngineFixture<S, M, R>): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fixture.headers.map(({ hash }) => hash),
    fc.constant(fixture.context.genesisHeader.hash),
  );
}

/** Any sequence of any facts: from liars, in any order, at times that jump. */
function hostileScripts<S, M, R>(fixture: EngineFixture<S, M, R>): fc.Arbitrary<readonly EngineEvent<M>[]> {
  const now = fc.oneof(
    fc.maxSafeNat(),
    fc.integer({ min: 0, max: 1e6 }).map(late => fixture.context.genesis.time + late),
  );
  const peer = fc.constantFrom('a', 'b', 'c');
  const hash = hashesOf(fixture);
  const id = fc.oneof(fc.string(), fc.constantFrom('deferred', 'orphans', 'bodies', 'election', 'heartbeat', 'retry'));
  const from = fc.option(peer);
  const events: fc.Arbitrary<EngineEvent<M>>[] = [
    now.map(at => ({ type: 'start', now: at })),
    now.map(at => ({ type: 'lead', now: at })),
    fc.tuple(now, id).map(([at, timer]) => ({ type: 'timer', now: at, id: timer })),
    fc
      .tuple(now, from, fc.array(fixture.headers, { maxLength: 8 }))
      .map(([at, sender, headers]) => ({ type: 'headers', now: at, from: sender, headers })),
    fc.tuple(now, hash).map(([at, body]) => ({ type: 'body', now: at, hash: body })),
    fc.tuple(now, hash).map(([at, tip]) => ({ type: 'applied', now: at, tip })),
    fc.tuple(now, hash).map(([at, bad]) => ({ type: 'invalid', now: at, hash: bad, code: 'BAD_STATE_ROOT' })),
  ];
  if (fixture.messages !== null) {
    const message = fc.tuple(now, peer, fc.nat(membersMax - 1), fixture.messages);
    events.push(
      message.map(([at, sender, member, content]) => ({
        type: 'message',
        now: at,
        from: sender,
        member,
        message: content,
      })),
    );
  }
  return fc.array(fc.oneof(...events), { maxLength: 60 });
}

const isDeterministic: Law = {
  name: 'the same events give the same effects and the same digests, twice',
  check: fixture => {
    fc.assert(
      fc.property(fc.oneof(fixture.scripts, hostileScripts(fixture)), events => {
        const first = new Shell(fixture);
        const second = new Shell(fixture);
        for (const event of events) {
          first.step(event);
          second.step(event);
          expect(fixture.engine.digest(second.state)).toEqual(fixture.engine.digest(first.state));
        }
        expect(second.effects).toEqual(first.effects);
        expect(fixture.engine.view(second.state)).toEqual(fixture.engine.view(first.state));
      }),
      runs,
    );
  },
};

const isTotal: Law = {
  name: 'no event makes step throw, and the head is always a block that the engine holds',
  check: fixture => {
    fc.assert(
      fc.property(hostileScripts(fixture), events => {
        const shell = new Shell(fixture).run(events);
        const { head, finalHeight } = fixture.engine.view(shell.state);
        expect(fixture.engine.header(shell.state, head.hash)?.hash).toEqual(head.hash);
        expect(fixture.engine.finalHeight(shell.state)).toBe(finalHeight);
        if (!fixture.engine.canFinalize) expect(finalHeight).toBe(0);
        expect(fixture.engine.digest(shell.state)).toHaveLength(32);
      }),
      { numRuns: 200 },
    );
  },
};

const leavesEventsAlone: Law = {
  name: 'an event is not changed by the step that takes it',
  check: fixture => {
    fc.assert(
      fc.property(fc.oneof(fixture.scripts, hostileScripts(fixture)), events => {
        const shell = new Shell(fixture);
        for (const event of events) {
          const copy = structuredClone(event);
          shell.step(event);
          expect(event).toEqual(copy);
        }
      }),
      runs,
    );
  },
};

const keepsPromises: Law = {
  name: 'after a crash between any two effects no message contradicts one that was sent (W1, W2)',
  check: fixture => {
    fc.assert(
      fc.property(fixture.scripts, fc.nat(), fc.nat(), fc.nat(), (events, cut, loss, turn) => {
        const total = new Shell(fixture).run(events).effects.length;
        const crashed = new Shell(fixture, undefined, cut % (total + 1)).run(events);
        const losable = crashed.log.length - crashed.recordsPromised;
        const recovered = new Shell(fixture, crashed.durable(crashed.log.length - (loss % (losable + 1))));
        // What comes after the crash need not come in the order from before it.
        const start = events.length === 0 ? 0 : turn % events.length;
        recovered.run([...events.slice(start).reverse(), ...events.slice(0, start)]);
        for (const later of recovered.sent) {
          const earlier = crashed.sent.find(message => fixture.contradicts(message, later));
          expect({ earlier, later: earlier && later }).toEqual({ earlier: undefined, later: undefined });
        }
      }),
      { numRuns: 200 },
    );
  },
};

const recoversByFolding: Law = {
  name: 'after a crash between any two effects the same events lead to the same head',
  check: fixture => {
    fc.assert(
      fc.property(fixture.scripts, fc.nat(), (events, cut) => {
        const whole = new Shell(fixture).run(events);
        const crashed = new Shell(fixture, undefined, cut % (whole.effects.length + 1)).run(events);
        const recovered = new Shell(fixture, crashed.durable());
        expect(fixture.engine.view(recovered.state).head.hash).toEqual(crashed.applied);
        recovered.run(events);
        const expected = fixture.engine.view(whole.state).head;
        expect(fixture.engine.view(recovered.state).head.work).toBe(expected.work);
        expect(fixture.engine.view(recovered.state).head.height).toBe(expected.height);
      }),
      { numRuns: 60 },
    );
  },
};

const recoversFromRows: Law = {
  name: 'every prefix of the stored blocks that holds the applied tip is enough to recover from',
  check: fixture => {
    fc.assert(
      fc.property(fixture.scripts, fc.nat(), (events, cut) => {
        const shell = new Shell(fixture).run(events);
        const { rows } = shell.durable();
        const prefix = rows.slice(0, cut % (rows.length + 1));
        const isHeld = prefix.some(({ sealed }) => sealed.hashHex === toHex(shell.applied));
        const applied = isHeld ? shell.applied : fixture.context.genesisHeader.hash;
        const recovered = new Shell(fixture, { records: shell.log, rows: prefix, applied });
        expect(fixture.engine.view(recovered.state).head.hash).toEqual(applied);
        recovered.run(events);
        expect(fixture.engine.view(recovered.state).head.work).toBe(fixture.engine.view(shell.state).head.work);
      }),
      { numRuns: 60 },
    );
  },
};

const condensesWhole: Law = {
  name: 'the records that stand for all lead to the state that all of them lead to',
  check: fixture => {
    const { engine } = fixture;
    fc.assert(
      fc.property(fixture.scripts, events => {
        const shell = new Shell(fixture).run(events);
        const durable = shell.durable();
        const records = engine.condense?.(shell.state) ?? durable.records;
        const ofAll = new Shell(fixture, durable);
        const ofFew = new Shell(fixture, { ...durable, records });
        expect(engine.digest(ofFew.state)).toEqual(engine.digest(ofAll.state));
      }),
      { numRuns: 60 },
    );
  },
};

const timersAreIdempotent: Law = {
  name: 'a timer that fires twice, or was never set, says nothing and decides nothing anew',
  check: fixture => {
    const loud = new Set(['persist', 'send', 'broadcast', 'switch', 'halt']);
    fc.assert(
      fc.property(fixture.scripts, fc.string(), (events, unknownId) => {
        const shell = new Shell(fixture).run(events);
        const now = Math.max(0, ...events.map(event => event.now));
        const set = shell.effects.flatMap(effect => (effect.type === 'setTimer' ? [effect.id] : []));
        for (const id of new Set([...set, `${unknownId}, which no engine sets`])) {
          shell.step({ type: 'timer', now, id });
          const digest = fixture.engine.digest(shell.state);
          const again = fixture.engine.step(shell.state, { type: 'timer', now, id });
          expect(again.filter(({ type }) => loud.has(type))).toEqual([]);
          expect(fixture.engine.digest(shell.state)).toEqual(digest);
        }
      }),
      runs,
    );
  },
};

const hasOneEncoding: Law = {
  name: 'what it says and what it records decode to what they were',
  check: fixture => {
    const { messageCodec, recordCodec } = fixture.engine;
    fc.assert(
      fc.property(fixture.scripts, events => {
        const shell = new Shell(fixture).run(events);
        for (const message of shell.sent) {
          const bytes = encode(messageCodec, message);
          expect(decodeBytes(messageCodec, bytes, bytes.length)).toEqual({ ok: true, value: message });
        }
        for (const record of shell.log) {
          const bytes = encode(recordCodec, record);
          expect(decodeBytes(recordCodec, bytes, bytes.length)).toEqual({ ok: true, value: record });
        }
      }),
      runs,
    );
  },
};

const storesWhatOthersDerive: Law = {
  name: 'what it stores beside a header is nothing where headers tell nothing to others',
  check: fixture => {
    fc.assert(
      fc.property(fixture.scripts, events => {
        const shell = new Shell(fixture).run(events);
        const sizes = [...shell.rows.values()].map(({ record }) => record.length);
        const isToldByAll = sizes.every(size => size > 0 === (fixture.engine.headerChain !== null));
        expect(isToldByAll).toBe(true);
      }),
      runs,
    );
  },
};

/** In the order in which a reader should believe them. */
export const engineLaws = {
  isDeterministic,
  isTotal,
  leavesEventsAlone,
  keepsPromises,
  recoversByFolding,
  recoversFromRows,
  condensesWhole,
  timersAreIdempotent,
  hasOneEncoding,
  storesWhatOthersDerive,
} as const satisfies Record<string, Law>;

/** Makes a test of every law. */
export function engineSuite<S, M, R>(name: string, fixture: EngineFixture<S, M, R>): void {
  describe(`engine ${name}`, () => {
    for (const law of Object.values<Law>(engineLaws)) it(law.name, () => law.check(fixture));
  });
}
