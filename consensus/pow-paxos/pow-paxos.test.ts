import fc from 'fast-check';
import { type EngineFixture, engineSuite } from '../engine.suite.ts';
import { genesisTime } from '../engine-context.suite.ts';
import { type Ballot, compareBallots, type Point } from '../paxos/ballot.ts';
import type { Message as PaxosMessage } from '../paxos/messages.ts';
import type { Grown } from '../pow/grown-chain.suite.ts';
import type { Certificate } from './certificate.ts';
import { type Checkpoint, firstCheckpoint, idOf, sealCheckpoint } from './checkpoint.ts';
import {
  CommitteeChain,
  certificateOf,
  checkpointsOn,
  committeeContext,
  depth,
  spacing,
  voteOf,
} from './committee-chain.suite.ts';
import type { Message } from './messages.ts';
import { type PowPaxosEvent, powPaxos } from './pow-paxos.ts';
import type { LogRecord } from './records.ts';
import type { PowPaxosState } from './state.ts';

const context = committeeContext(3, 0);
const chain = new CommitteeChain(context);
const later = genesisTime + 1_000_000_000;
const trunk = chain.chain(chain.genesis, 4 * spacing + depth);
/** More work than the trunk, and not on what becomes final. */
const rival = chain.chain(trunk[spacing] ?? chain.genesis, 4 * spacing, { salt: 1 });
const checkpoints = checkpointsOn(
  context,
  trunk.filter((_, index) => (index + 1) % spacing === 0),
);
const ballots: readonly Ballot[] = [
  { number: 1, member: 1 },
  { number: 3, member: 2 },
];
const [first, second] = ballots as [Ballot, Ballot];

function said(member: number | null, message: Message): PowPaxosEvent {
  return { type: 'message', now: later, from: `node-${member ?? 'x'}`, member, message };
}

function paxosSaid(member: number, paxos: PaxosMessage): PowPaxosEvent {
  return said(member, { type: 'paxos', paxos });
}

function pointOf(checkpoint: Checkpoint): Point {
  return { height: checkpoint.number, hash: idOf(checkpoint) };
}

function decidedBefore(number: number): Point {
  return pointOf(checkpoints[number - 2] ?? firstCheckpoint(context.genesisHeader));
}

function told(blocks: readonly Grown[]): PowPaxosEvent[] {
  const headers = blocks.map(({ sealed }) => sealed);
  return [
    { type: 'headers', now: later, from: 'peer', headers },
    ...headers.map(({ hash }): PowPaxosEvent => ({ type: 'body', now: later, hash })),
  ];
}

/** A leader has a checkpoint accepted, others vote, and it is decided. */
function decided(checkpoint: Checkpoint, ballot: Ballot): PowPaxosEvent[] {
  const { member } = ballot;
  return [
    paxosSaid(member, {
      type: 'accept',
      ballot,
      decided: decidedBefore(checkpoint.number),
      headers: [sealCheckpoint(checkpoint)],
    }),
    said(member, { type: 'vote', vote: voteOf(context, member, checkpoint, ballot) }),
    paxosSaid(member, { type: 'decide', ballot, decided: pointOf(checkpoint) }),
  ];
}

const certificates: readonly Certificate[] = checkpoints.map(checkpoint =>
  certificateOf(context, [1, 2], checkpoint, second),
);
const [one, two, three] = checkpoints as unknown as [Checkpoint, Checkpoint, Checkpoint];
const lastCertificate = certificates.at(-1) as Certificate;

const story: readonly PowPaxosEvent[] = [
  { type: 'start', now: later },
  ...told(trunk.slice(0, 6)),
  paxosSaid(1, { type: 'prepare', ballot: first, decided: decidedBefore(1) }),
  ...decided(one, first),
  ...told(rival.slice(0, 3)),
  ...told(trunk.slice(6)),
  ...decided(two, first),
  said(null, { type: 'certificate', certificate: certificates[1] as Certificate }),
  paxosSaid(2, { type: 'prepare', ballot: second, decided: decidedBefore(3) }),
  ...decided(three, second),
  ...told(rival),
];

/** However the story went: everything is told again, and the last certificate. */
const ending: readonly PowPaxosEvent[] = [
  ...told(trunk),
  said(null, { type: 'certificate', certificate: lastCertificate }),
  ...told(trunk),
];

const anyBallot = fc.record({ number: fc.integer({ min: 1, max: 6 }), member: fc.integer({ min: 0, max: 3 }) });
const standing: fc.Arbitrary<PowPaxosEvent> = fc.oneof(
  fc.constant<PowPaxosEvent>({ type: 'lead', now: later }),
  fc
    .tuple(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom('election', 'finality', 'retry'))
    .map(([late, id]): PowPaxosEvent => ({ type: 'timer', now: later + late, id })),
  fc
    .tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 }))
    .map(([member, number, next]) =>
      paxosSaid(member, {
        type: 'promise',
        ballot: { number, member: 0 },
        decided: decidedBefore(next),
        tentative: [],
      }),
    ),
);

/** Some of the story is lost, and elections come in between. */
const scripts = fc
  .tuple(
    fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 60 }),
    fc.array(standing, { maxLength: 6 }),
    fc.nat(),
  )
  .map(([losses, elections, place]) => {
    const events = story.filter((_, index) => losses[index]?.every(Boolean) !== true);
    for (const [index, event] of elections.entries())
      events.splice((place + 7 * index) % (events.length + 1), 0, event);
    return [...events, ...ending];
  });

const sealedCheckpoints = fc.constantFrom(...checkpoints.map(sealCheckpoint), ...trunk.map(({ sealed }) => sealed));
const points = fc.oneof(
  fc.constantFrom(...checkpoints.map(pointOf)),
  fc.record({ height: fc.maxSafeNat(), hash: fc.uint8Array({ minLength: 32, maxLength: 32 }) }),
);
const plain = { ballot: anyBallot, decided: points };
const signature = fc.uint8Array({ minLength: 64, maxLength: 64 });
const someCheckpoint = fc.oneof(
  fc.constantFrom(...checkpoints),
  fc.record({ number: fc.nat(6), block: points, previous: fc.uint8Array({ minLength: 32, maxLength: 32 }) }),
);
const messages: fc.Arbitrary<Message> = fc.oneof(
  fc
    .oneof<fc.Arbitrary<PaxosMessage>[]>(
      fc.record({ type: fc.constantFrom('prepare' as const, 'decide' as const), ...plain }),
      fc.record({ type: fc.constant('heartbeat' as const), ...plain, round: fc.nat(3) }),
      fc.record({
        type: fc.constant('promise' as const),
        ...plain,
        tentative: fc.array(fc.record({ sealed: sealedCheckpoints, ballot: anyBallot }), { maxLength: 3 }),
      }),
      fc.record({
        type: fc.constant('accept' as const),
        ...plain,
        headers: fc.array(sealedCheckpoints, { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ type: fc.constant('accepted' as const), ...plain, upTo: fc.maxSafeNat(), round: fc.nat(3) }),
    )
    .map((paxos): Message => ({ type: 'paxos', paxos })),
  fc
    .record({ checkpoint: someCheckpoint, ballot: anyBallot, signature })
    .map((vote): Message => ({ type: 'vote', vote })),
  fc
    .record({
      checkpoint: someCheckpoint,
      ballot: anyBallot,
      signatures: fc.array(fc.record({ member: fc.nat(4), signature }), { maxLength: 3 }),
    })
    .map((certificate): Message => ({ type: 'certificate', certificate })),
  fc.constant<Message>({ type: 'wantCertificate' }),
  fc.constantFrom(...trunk).map(({ sealed }): Message => ({ type: 'wantBranch', block: sealed.hash })),
  fc
    .array(fc.constantFrom(...trunk, ...rival), { maxLength: 4 })
    .map((blocks): Message => ({ type: 'branch', headers: blocks.map(({ sealed }) => sealed) })),
);

/** Of Paxos what contradicts there (paxos.test.ts); of votes two checkpoints of one number in one ballot. */
function contradicts(earlier: Message, after: Message): boolean {
  if (earlier.type === 'vote' && after.type === 'vote') {
    const isSamePlace =
      earlier.vote.checkpoint.number === after.vote.checkpoint.number &&
      compareBallots(earlier.vote.ballot, after.vote.ballot) === 0;
    return isSamePlace && pointText(earlier.vote.checkpoint) !== pointText(after.vote.checkpoint);
  }
  if (earlier.type !== 'paxos' || after.type !== 'paxos') return false;
  const [said, then] = [earlier.paxos, after.paxos];
  const isPromise = said.type === 'promise' || said.type === 'accepted' || said.type === 'prepare';
  const order = compareBallots(then.ballot, said.ballot);
  if (isPromise && (then.type === 'promise' || then.type === 'accepted')) return order < 0;
  return said.type === 'prepare' && then.type === 'prepare' && order <= 0;
}

function pointText(checkpoint: Checkpoint): string {
  return Buffer.from(idOf(checkpoint)).toString('hex');
}

const fixture: EngineFixture<PowPaxosState, Message, LogRecord> = {
  engine: powPaxos,
  context,
  scripts,
  headers: fc.constantFrom(...trunk, ...rival).map(({ sealed }) => sealed),
  messages,
  contradicts,
};

engineSuite('pow-paxos', fixture);
