/** The suite itself is tested: a small sound engine passes every law, and each of its broken twins is caught by the law it breaks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toUtf8 } from '../chain/bytes.ts';
import { struct, uint } from '../chain/codec.ts';
import { accept } from '../chain/errors.ts';
import { sha256 } from '../chain/hash.ts';
import { type EngineFixture, engineLaws, engineSuite, type Law } from './engine.suite.ts';
import type { Effect, Engine, EngineEvent, Recovery } from './engine.ts';
import { contextWith } from './engine-context.suite.ts';

/** Votes once in each round, for the first value that it hears of; nothing is ever decided. */
interface Vote {
  readonly round: number;
  readonly value: number;
}

interface Voter {
  readonly votes: Map<number, number>;
}

type VoterEngine = Engine<Voter, Vote, Vote>;

const context = contextWith();
const voteCodec = struct<Vote>({ round: uint(), value: uint() });

function recoverVotes(_: unknown, { records }: Recovery<Vote>): Voter {
  const votes = new Map<number, number>();
  for (const { round, value } of records) votes.set(round, value);
  return { votes };
}

function voteOnce(state: Voter, event: EngineEvent<Vote>): Effect<Vote, Vote>[] {
  if (event.type !== 'message' || event.member === null) return [];
  const { round, value } = event.message;
  const earlier = state.votes.get(round);
  if (earlier !== undefined) return [{ type: 'send', to: event.member, message: { round, value: earlier } }];
  state.votes.set(round, value);
  const vote = { round, value };
  return [
    { type: 'persist', records: [vote] },
    { type: 'broadcast', message: vote },
  ];
}

const sound: VoterEngine = {
  name: 'paxos',
  faultModel: 'crash',
  canFinalize: true,
  headerChain: null,
  treeDepth: () => 0,
  messageCodec: voteCodec,
  recordCodec: voteCodec,
  recover: recoverVotes,
  step: voteOnce,
  condense: ({ votes }) => [...votes].map(([round, value]) => ({ round, value })),
  digest: ({ votes }) => sha256(toUtf8(JSON.stringify([...votes]))),
  view: () => {
    const head = { hash: context.genesisHeader.hash, height: 0, work: 0n };
    return { bestHeader: head, head, finalHeight: 0, tips: [{ ...head, status: 'active' }], kept: [] };
  },
  finalHeight: () => 0,
  staleBlocks: () => 0,
  checkSeal: () => accept(null),
  treeRecord: () => null,
  header: (_, hash) => (hash === context.genesisHeader.hash ? context.genesisHeader : null),
};

const vote = fc.record({ round: fc.nat(3), value: fc.nat(5) });
const told = vote.map((message): EngineEvent<Vote> => ({ type: 'message', now: 1, from: 'peer', member: 0, message }));
const stored = fc.constant<EngineEvent<Vote>>({ type: 'body', now: 1, hash: context.genesisHeader.hash });
const script = fc.array(fc.oneof({ arbitrary: told, weight: 11 }, stored), { maxLength: 12 });

function fixtureOf(changes: Partial<VoterEngine>): EngineFixture<Voter, Vote, Vote> {
  return {
    engine: { ...sound, ...changes },
    context,
    scripts: script,
    headers: fc.constant(context.genesisHeader),
    messages: vote,
    contradicts: (earlier, later) => earlier.round === later.round && earlier.value !== later.value,
  };
}

engineSuite('of votes, which is sound', fixtureOf({}));

let calls = 0;

const broken: readonly (readonly [string, Law, Partial<VoterEngine>])[] = [
  [
    'sends before it persists',
    engineLaws.keepsPromises,
    { step: (state, event) => [...voteOnce(state, event)].reverse() },
  ],
  [
    'persists nothing',
    engineLaws.keepsPromises,
    { step: (state, event) => voteOnce(state, event).filter(({ type }) => type !== 'persist') },
  ],
  ['forgets its records', engineLaws.keepsPromises, { recover: () => ({ votes: new Map() }) }],
  [
    'believes its oldest records alone',
    engineLaws.keepsPromises,
    {
      recover: (_, { records }) =>
        recoverVotes(_, { records: [...records].slice(0, 1), tree: [], floor: 0, applied: sha256(toUtf8('')) }),
    },
  ],
  [
    'forgets its first vote when it condenses its records',
    engineLaws.condensesWhole,
    { condense: ({ votes }) => [...votes].slice(1).map(([round, value]) => ({ round, value })) },
  ],
  [
    'asks the world outside',
    engineLaws.isDeterministic,
    {
      step: (state, event) => {
        calls += 1;
        return calls % 3 === 0 ? [] : voteOnce(state, event);
      },
    },
  ],
  [
    'throws on what it did not expect',
    engineLaws.isTotal,
    {
      step: (state, event) => {
        if (event.type === 'invalid') throw new Error('this cannot happen');
        return voteOnce(state, event);
      },
    },
  ],
  ['has a head that it does not hold', engineLaws.isTotal, { header: () => null }],
  [
    'changes the message that it was given',
    engineLaws.leavesEventsAlone,
    {
      step: (state, event) => {
        if (event.type === 'message') Object.assign(event.message, { value: 0 });
        return voteOnce(state, event);
      },
    },
  ],
  [
    'votes whenever a timer fires',
    engineLaws.timersAreIdempotent,
    {
      step: (state, event) => {
        if (event.type !== 'timer') return voteOnce(state, event);
        const round = state.votes.size;
        const message = { round, value: 1 };
        return voteOnce(state, { type: 'message', now: event.now, from: event.id, member: 0, message });
      },
    },
  ],
  ['stores what nobody else can derive', engineLaws.storesWhatOthersDerive, { treeRecord: () => new Uint8Array(1) }],
  [
    'cannot read its own messages',
    engineLaws.hasOneEncoding,
    { messageCodec: struct<Vote>({ round: uint(), value: { ...uint(), fromItem: () => 7 } }) },
  ],
];

describe('the suite catches an engine that', () => {
  it.each(broken)('%s', (_name, law, changes) => {
    expect(() => law.check(fixtureOf(changes))).toThrow(/Property failed/);
  });
});
