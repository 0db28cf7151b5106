import { describe, expect, it } from 'vitest';
import { KvchainError } from '../chain/errors.ts';
import type { EngineInstance } from '../consensus/instance.ts';
import {
  Driver,
  type DriverHands,
  logBytesMax,
  type RunningEffect,
  type RunningEvent,
  type SwitchOutcome,
} from './driver.ts';
import { ManualClock, quiet, settle } from './manual-clock.suite.ts';
import type { Log } from './ports.ts';
import { MemoryLog } from './store/record-log.ts';

const hash = new Uint8Array(32).fill(7);
const other = new Uint8Array(32).fill(9);

/** A log whose appends wait until the test lets them end. */
class HeldLog extends MemoryLog {
  readonly waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  /** The records of each append, by their first bytes. */
  readonly appends: (number | undefined)[][] = [];

  override append(records: readonly Uint8Array[]): Promise<void> {
    this.appends.push(records.map(([first]) => first));
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }
}

interface Bench {
  readonly driver: Driver;
  readonly clock: ManualClock;
  readonly done: string[];
  readonly events: RunningEvent[];
  readonly order: (...effects: readonly RunningEffect[]) => void;
  /** What the engine calls final. */
  readonly finalHeight: { now: number };
}

/** A driver whose engine orders what the test says, and hands that write down what they are asked to do. */
function bench(log: Log = new MemoryLog(), outcome: () => Promise<SwitchOutcome> = async () => never()): Bench {
  const clock = new ManualClock(1_000);
  const done: string[] = [];
  const events: RunningEvent[] = [];
  let next: readonly RunningEffect[] = [];
  const step = (event: RunningEvent) => {
    events.push(event);
    const effects = next;
    next = [];
    return effects;
  };
  const unused = () => never();
  const finalHeight = { now: 0 };
  const engine: EngineInstance = {
    name: 'pow',
    faultModel: 'byzantine',
    canFinalize: false,
    step,
    signatureChecks: unused,
    condense: () => [condensed],
    digest: unused,
    view: unused,
    leader: () => null,
    finalHeight: () => finalHeight.now,
    staleBlocks: unused,
    checkSeal: unused,
    bodySeal: unused,
    gossipsTransactions: unused,
    describe: unused,
    treeRecord: unused,
    header: unused,
  };
  const tell = (what: string) => () => {
    done.push(what);
  };
  const hands: DriverHands = {
    send: (member, message) => done.push(`send ${member} ${message[0]}`),
    readable: tell('readable'),
    broadcast: message => done.push(`broadcast ${message[0]}`),
    announce: message => done.push(`announce ${message[0]}`),
    fetchHeaders: peer => done.push(`fetchHeaders ${peer}`),
    fetchBodies: hashes => done.push(`fetchBodies ${hashes.length}`),
    switchTo: () => {
      done.push('switch');
      return outcome();
    },
    give: tell('give'),
    relay: tell('relay'),
    markInvalid: async () => tell('markInvalid')(),
    mine: template => done.push(`mine ${template.height}`),
    stopMining: tell('stopMining'),
    penalize: (peer, code) => done.push(`penalize ${peer} ${code}`),
    led: unused,
    finalized: height => done.push(`finalized ${height}`),
    evidence: ({ kind }) => done.push(`evidence ${kind}`),
    trace: rule => done.push(`trace ${rule}`),
    halt: error => done.push(`halt ${error instanceof KvchainError ? error.code : String(error)}`),
  };
  const driver = new Driver({ engine, log, logBytes: 0, logBytesMax, clock, hands });
  const order = (...effects: readonly RunningEffect[]) => {
    next = effects;
    driver.dispatch({ type: 'start', now: clock.now() });
  };
  return { driver, clock, done, events, order, finalHeight };
}

function never(): never {
  throw new Error('not part of this test');
}

const persist: RunningEffect = { type: 'persist', records: [Uint8Array.of(1)] };
const record = (first: number): RunningEffect => ({ type: 'persist', records: [Uint8Array.of(first)] });
const note = (first: number): RunningEffect => ({ type: 'note', records: [Uint8Array.of(first)] });
/** What stands for all records of the engine. */
const condensed = Uint8Array.of(99);
const trace = (rule: string): RunningEffect => ({ type: 'trace', rule, data: {} });
const message = Uint8Array.of(5);

describe('the driver', () => {
  it('carries out the effects of a step in their order', () => {
    const { done, order } = bench();
    const template = {
      parent: hash,
      height: 8,
      bits: 1,
      timeMin: 0,
      extension: new Uint8Array(0),
      nonce: 'search',
      when: 'at once',
    } as const;
    order(
      { type: 'stopMining' },
      { type: 'send', to: 1, message },
      { type: 'broadcast', message },
      { type: 'fetchHeaders', peer: 'b', after: null },
      { type: 'fetchBodies', hashes: [hash, other], hint: null },
      { type: 'relay', hash },
      { type: 'markInvalid', hash, code: 'BAD_STATE_ROOT' },
      { type: 'penalize', peer: 'c', code: 'BAD_MESSAGE', detail: '' },
      { type: 'mine', template },
      trace('A-F1'),
      { type: 'halt', code: 'REORG_TOO_DEEP', detail: '' },
    );
    expect(done).toEqual([
      'stopMining',
      'send 1 5',
      'broadcast 5',
      'fetchHeaders b',
      'fetchBodies 2',
      'relay',
      'markInvalid',
      'penalize c BAD_MESSAGE',
      'mine 8',
      'trace A-F1',
      'halt REORG_TOO_DEEP',
    ]);
  });

  it('lets nothing past a persist before its records are on stable storage', async () => {
    const log = new HeldLog();
    const { done, order } = bench(log);
    order(trace('1'), persist, trace('2'));
    order(persist, trace('3'));
    await quiet();
    expect(done).toEqual(['trace 1']);
    log.waiting[0]?.resolve();
    await settle('the second barrier', () => log.waiting.length === 2);
    expect(done).toEqual(['trace 1', 'trace 2']);
    log.waiting[1]?.resolve();
    await settle('the end', () => done.length === 3);
  });

  it('brings the records of all barriers that wait to the disk at once, in their order', async () => {
    const log = new HeldLog();
    const { done, order } = bench(log);
    order(persist);
    order(record(2), trace('2'));
    order(note(3), record(4), trace('4'));
    log.waiting[0]?.resolve();
    await settle('the second append', () => log.waiting.length === 2);
    expect(log.appends).toEqual([[1], [2, 3, 4]]);
    expect(done).toEqual([]);
    log.waiting[1]?.resolve();
    await settle('all', () => done.length === 2);
    expect(log.appends).toHaveLength(2);
  });

  it('P6: tells the engine no more of what peers say while 10,000 orders wait for the disk; its own events it does', () => {
    const { driver, clock, events, order } = bench(new HeldLog());
    const said: RunningEvent = { type: 'message', now: 1, from: 'a', member: null, message: Uint8Array.of(1) };
    order(persist, ...Array.from({ length: 9_998 }, () => trace('1')));
    driver.dispatch(said);
    order(trace('2'), trace('3'));
    const before = events.length;
    expect(driver.dispatch(said)).toEqual([]);
    expect(events).toHaveLength(before);
    driver.dispatch({ type: 'timer', now: clock.now(), id: 'a' });
    expect(events).toHaveLength(before + 1);
  });

  it('waits for no note, and writes it with the next records', async () => {
    const log = new HeldLog();
    const { done, order } = bench(log);
    order(note(3), trace('noted'));
    expect(done).toEqual(['trace noted']);
    expect(log.appends).toEqual([]);
    order(persist);
    expect(log.appends).toEqual([[3, 1]]);
  });

  it('lets nothing past a persist before the bodies that were told before it are stored', async () => {
    const { done, driver, order } = bench();
    let store = () => {};
    driver.dispatchBody(hash, new Promise(resolve => (store = resolve)));
    order(trace('before'), persist, trace('after'));
    await quiet();
    expect(done).toEqual(['trace before']);
    store();
    await settle('the barrier', () => done.length === 2);
  });

  it('lets nothing out any more when a body cannot be stored', async () => {
    const { done, driver, order } = bench();
    driver.dispatchBody(hash, Promise.reject(new KvchainError('DISK_FAILED', 'no space')));
    await quiet();
    order(persist, trace('after'));
    await settle('the halt', () => done.length > 0);
    expect(done).toEqual(['halt DISK_FAILED']);
  });

  it('keeps what a later step orders behind the barrier of an earlier one', async () => {
    const log = new HeldLog();
    const { done, order } = bench(log);
    order(persist, trace('earlier'));
    order({ type: 'send', to: 1, message });
    await quiet();
    expect(done).toEqual([]);
    log.waiting[0]?.resolve();
    await settle('both', () => done.length === 2);
    expect(done).toEqual(['trace earlier', 'send 1 5']);
  });

  it('halts when the records cannot be written, and lets nothing out any more', async () => {
    const log = new HeldLog();
    const { done, order } = bench(log);
    order(persist, { type: 'send', to: 1, message });
    log.waiting[0]?.reject(new KvchainError('DISK_FAILED', 'no space'));
    await settle('the halt', () => done.length > 0);
    order({ type: 'send', to: 2, message });
    await quiet();
    expect(done).toEqual(['halt DISK_FAILED']);
  });

  it('gives the engine the new tip first and then the block that was found invalid', async () => {
    const { events, order } = bench(new MemoryLog(), async () => ({
      tip: hash,
      invalid: { hash: other, code: 'BAD_STATE_ROOT' },
    }));
    order({ type: 'switch', ancestor: hash, undo: [], apply: [hash, other] });
    await settle('both answers', () => events.length === 3);
    expect(events.slice(1)).toEqual([
      { type: 'applied', now: 1_000, tip: hash },
      { type: 'invalid', now: 1_000, hash: other, code: 'BAD_STATE_ROOT' },
    ]);
  });

  it('tells of a switch without a fault by its tip alone', async () => {
    const { events, order } = bench(new MemoryLog(), async () => ({ tip: other, invalid: null }));
    order({ type: 'switch', ancestor: hash, undo: [], apply: [other] });
    await settle('the answer', () => events.length === 2);
    await quiet();
    expect(events.slice(1)).toEqual([{ type: 'applied', now: 1_000, tip: other }]);
  });

  it('condenses a log that has become long when nothing is left to be written, and lets nothing past that', async () => {
    const log = new MemoryLog();
    let go = () => {};
    const held = new Promise<void>(resolve => {
      go = resolve;
    });
    const replace = log.replace.bind(log);
    log.replace = records => held.then(() => replace(records));
    const { done, order } = bench(log);
    const half: RunningEffect = { type: 'persist', records: Array(8).fill(new Uint8Array(logBytesMax / 16)) };
    order(half, half, persist, trace('all is written'), persist, trace('the last'));
    await settle('the last', () => done.length === 2);
    order(trace('later'));
    await quiet();
    expect(done).toEqual(['trace all is written', 'trace the last']);
    go();
    await settle('the rest', () => done.length === 3);
    order(persist);
    await quiet();
    expect(await log.read()).toEqual([condensed, Uint8Array.of(1)]);
  });

  it('halts when the log cannot be replaced', async () => {
    const log = new MemoryLog();
    log.replace = async () => {
      throw new KvchainError('DISK_FAILED', 'no space');
    };
    const { done, order } = bench(log);
    order({ type: 'persist', records: Array(17).fill(new Uint8Array(logBytesMax / 16)) });
    await settle('the halt', () => done.length > 0);
    expect(done).toEqual(['halt DISK_FAILED']);
  });

  it('tells what has become final, once, whatever step made it so', () => {
    const { done, finalHeight, order } = bench();
    order(trace('1'));
    finalHeight.now = 3;
    order(trace('2'));
    order(trace('3'));
    expect(done).toEqual(['trace 1', 'trace 2', 'finalized 3', 'trace 3']);
  });

  it('tells what has become final when the records of the step that made it so are on the disk', async () => {
    const { done, driver, finalHeight, order } = bench();
    finalHeight.now = 3;
    order({ type: 'persist', records: [hash] }, trace('1'));
    expect([done, driver.finalHeight]).toEqual([[], 0]);
    await settle('the record', () => done.length === 2);
    expect([done, driver.finalHeight]).toEqual([['trace 1', 'finalized 3'], 3]);
  });

  it('halts when a step fails an assertion, and leaves nobody waiting', () => {
    const { done, driver, order } = bench();
    order({ type: 'trace', rule: 'fails', data: {} });
    expect(done).toEqual(['trace fails']);
    failNextStep(driver);
    expect(driver.dispatch({ type: 'start', now: 1 })).toEqual([]);
    expect(done).toEqual(['trace fails', 'halt Error: assertion failed: planted']);
  });

  it('halts when the ledger cannot be written', async () => {
    const { done, events, order } = bench(new MemoryLog(), async () => {
      throw new KvchainError('DISK_FAILED', 'no space');
    });
    order({ type: 'switch', ancestor: hash, undo: [], apply: [] });
    await settle('the halt', () => done.length === 2);
    expect(done).toEqual(['switch', 'halt DISK_FAILED']);
    expect(events).toHaveLength(1);
  });
});

describe("the driver's timers", () => {
  const set = (id: string, afterMs: number): RunningEffect => ({ type: 'setTimer', id, afterMs });

  it('tell the engine once, by their id and the time', () => {
    const { clock, events, order } = bench();
    order(set('view', 50));
    clock.advance(49);
    expect(events).toHaveLength(1);
    clock.advance(100);
    expect(events.slice(1)).toEqual([{ type: 'timer', now: 1_050, id: 'view' }]);
  });

  it('move when they are set again', () => {
    const { clock, events, order } = bench();
    order(set('view', 50));
    clock.advance(40);
    order(set('view', 50));
    clock.advance(40);
    expect(events.filter(event => event.type === 'timer')).toEqual([]);
    clock.advance(10);
    expect(events.filter(event => event.type === 'timer')).toHaveLength(1);
  });

  it('do not come when they are cleared, and others stay', () => {
    const { clock, events, order } = bench();
    order(set('a', 50), set('b', 60), { type: 'clearTimer', id: 'a' }, { type: 'clearTimer', id: 'unknown' });
    clock.advance(100);
    expect(events.slice(1)).toEqual([{ type: 'timer', now: 1_060, id: 'b' }]);
  });

  it('are all gone after a stop, which ends the engine too', () => {
    const { clock, done, driver, events, order } = bench();
    order(set('a', 50), set('b', 60));
    driver.stop();
    expect(clock.timers).toEqual([]);
    order(trace('late'));
    expect(done).toEqual([]);
    expect(events).toHaveLength(1);
  });
});

/** The engine's next step throws, as an assertion does. */
function failNextStep({ engine }: Driver): void {
  const { step } = engine;
  Object.assign(engine, {
    step: () => {
      Object.assign(engine, { step });
      throw new Error('assertion failed: planted');
    },
  });
}
