import fc from 'fast-check';
import { type SealedHeader, seal } from '../../chain/block.ts';
import { type EngineFixture, engineSuite } from '../engine.suite.ts';
import { emptyHeader, genesisTime } from '../engine-context.suite.ts';
import { type Ballot, compareBallots, type Point } from './ballot.ts';
import { pointOf } from './block-log.ts';
import type { Message } from './messages.ts';
import { type PaxosEvent, paxosWith } from './paxos.ts';
import type { LogRecord } from './records.ts';
import type { PaxosState } from './state.ts';
import { contextOf } from './walk.suite.ts';

const context = contextOf(3);
const genesis = pointOf(context.genesisHeader);
const later = genesisTime + 1_000_000;

function blockOn(parent: Point, salt = 0): SealedHeader {
  const height = parent.height + 1;
  const header = {
    ...emptyHeader,
    height,
    parent: parent.hash,
    time: genesisTime + height,
    stateRoot: new Uint8Array(32).fill(salt),
  };
  return seal(header, new Uint8Array(32), new Uint8Array(64));
}

function chainOn(parent: Point, count: number, salt = 0): readonly SealedHeader[] {
  const chain: SealedHeader[] = [];
  for (let tip = parent; chain.length < count; tip = pointOf(chain.at(-1) ?? context.genesisHeader)) {
    chain.push(blockOn(tip, salt));
  }
  return chain;
}

/** What is decided in the end, and what an earlier leader proposed from height 4 on. */
const trunk = chainOn(genesis, 6);
const third = trunk[2] ?? context.genesisHeader;
const losers = chainOn(pointOf(third), 2, 1);
const first: Ballot = { number: 1, member: 1 };
const second: Ballot = { number: 3, member: 2 };

function said(member: number, message: Message): PaxosEvent {
  return { type: 'message', now: later, from: `node-${member}`, member, message };
}

function decidedAt(height: number): Point {
  return pointOf(trunk[height - 1] ?? context.genesisHeader);
}

/** A leader's blocks, each with its body and the news that it is decided. */
function led(
  ballot: Ballot,
  blocks: readonly SealedHeader[],
  isDecided: (sealed: SealedHeader) => boolean,
): PaxosEvent[] {
  return blocks.flatMap(sealed => {
    const decided = decidedAt(Math.min(sealed.header.height - 1, 3));
    const { member } = ballot;
    const events: PaxosEvent[] = [
      said(member, { type: 'accept', ballot, decided, headers: [sealed] }),
      { type: 'body', now: later, hash: sealed.hash },
    ];
    if (isDecided(sealed)) events.push(said(member, { type: 'decide', ballot, decided: pointOf(sealed) }));
    return events;
  });
}

const story: readonly PaxosEvent[] = [
  { type: 'start', now: later },
  said(1, { type: 'prepare', ballot: first, decided: genesis }),
  ...led(first, trunk.slice(0, 3), () => true),
  said(1, { type: 'heartbeat', ballot: first, decided: decidedAt(3), round: 0 }),
  ...led(first, losers, () => false),
  said(2, { type: 'prepare', ballot: second, decided: decidedAt(2) }),
  said(2, { type: 'prepare', ballot: second, decided: decidedAt(3) }),
  ...led(second, trunk.slice(3), ({ header }) => header.height < 6),
];

/** However the story went: a member tells what is decided, and its node gives it. */
const ending: readonly PaxosEvent[] = [
  said(2, { type: 'decide', ballot: second, decided: decidedAt(6) }),
  { type: 'headers', now: later, from: 'node-2', headers: trunk },
  ...trunk.map(({ hash }): PaxosEvent => ({ type: 'body', now: later, hash })),
];

/** This member may stand at any moment, and be promised. */
const ballots = fc.record({ number: fc.integer({ min: 1, max: 6 }), member: fc.integer({ min: 0, max: 3 }) });
const standing: fc.Arbitrary<PaxosEvent> = fc.oneof(
  fc.constant<PaxosEvent>({ type: 'lead', now: later }),
  fc.integer({ min: 0, max: 1e6 }).map((late): PaxosEvent => ({ type: 'timer', now: later + late, id: 'election' })),
  fc
    .tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 3 }))
    .map(([member, number, height]) =>
      said(member, { type: 'promise', ballot: { number, member: 0 }, decided: decidedAt(height), tentative: [] }),
    ),
);

/** Some of the story is lost, and elections come in between. */
const scripts = fc
  .tuple(
    fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 40 }),
    fc.array(standing, { maxLength: 8 }),
    fc.nat(),
  )
  .map(([losses, elections, place]) => {
    const events = story.filter((_, index) => losses[index]?.every(Boolean) !== true);
    for (const [index, event] of elections.entries())
      events.splice((place + 7 * index) % (events.length + 1), 0, event);
    return [...events, ...ending];
  });

const pick = fc.constantFrom(...trunk, ...losers);
const headers = fc.oneof(
  pick,
  fc
    .tuple(pick, fc.constantFrom('height', 'time', 'version', 'bits'), fc.nat(100))
    .map(([{ header, nonce, signature }, field, value]) => seal({ ...header, [field]: value }, nonce, signature)),
);

const points = fc.oneof(
  pick.map(pointOf),
  fc.record({ height: fc.maxSafeNat(), hash: fc.uint8Array({ minLength: 32, maxLength: 32 }) }),
);
const plain = { ballot: ballots, decided: points };
const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constantFrom('prepare' as const, 'decide' as const), ...plain }),
  fc.record({
    type: fc.constant('promise' as const),
    ...plain,
    tentative: fc.array(fc.record({ sealed: headers, ballot: ballots }), { maxLength: 5 }),
  }),
  fc.record({ type: fc.constant('nack' as const), ...plain, promised: ballots }),
  fc.record({
    type: fc.constant('accept' as const),
    ...plain,
    headers: fc.array(headers, { minLength: 1, maxLength: 5 }),
  }),
  fc.record({ type: fc.constant('accepted' as const), ...plain, upTo: fc.maxSafeNat(), round: fc.nat(9) }),
  fc.record({ type: fc.constant('heartbeat' as const), ...plain, round: fc.nat(9) }),
  fc.record({ type: fc.constant('ask' as const), ...plain, id: fc.nat(9) }),
  fc.record({ type: fc.constant('index' as const), ...plain, id: fc.nat(9), height: fc.option(fc.nat(9)) }),
);

/** After a promise nothing of a lower ballot; no ballot twice; one block a ballot and height. */
function contradicts(earlier: Message, after: Message): boolean {
  const isPromise = earlier.type === 'promise' || earlier.type === 'accepted' || earlier.type === 'prepare';
  const order = compareBallots(after.ballot, earlier.ballot);
  if (isPromise && (after.type === 'promise' || after.type === 'accepted')) return order < 0;
  if (earlier.type === 'prepare' && after.type === 'prepare') return order <= 0;
  if (earlier.type !== 'accept' || after.type !== 'accept' || order !== 0) return false;
  return earlier.headers.some(one =>
    after.headers.some(other => one.header.height === other.header.height && one.hashHex !== other.hashHex),
  );
}

const fixture: EngineFixture<PaxosState, Message, LogRecord> = {
  engine: paxosWith({ window: 4 }),
  context,
  scripts,
  headers,
  messages,
  contradicts,
};

engineSuite('paxos', fixture);
