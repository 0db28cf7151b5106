/** What a leader must not be misled by, played against a member of three. */
import { expect, it } from 'vitest';
import { genesisTime } from '../engine-context.suite.ts';
import type { Ballot } from './ballot.ts';
import { pointOf } from './block-log.ts';
import { blockOn, genesis, Member } from './member.suite.ts';
import { paxos } from './paxos.ts';
import type { PaxosEffect } from './state.ts';
import { contextOf } from './walk.suite.ts';

const now = genesisTime + 1_000;
const other: Ballot = { number: 2, member: 1 };

function typesOf(effects: readonly PaxosEffect[]): readonly string[] {
  return effects.map(effect => (effect.type === 'broadcast' ? effect.message.type : effect.type));
}

it('asks while it writes its own vote, and decides with the second of three', () => {
  const member = new Member();
  const ballot = member.elect();
  const block = blockOn(genesis, 1);
  expect(typesOf(member.make(block))).toEqual(['stopMining', 'give', 'accept', 'persist', 'setTimer', 'mine']);
  const effects = member.hear(1, { type: 'accepted', ballot, decided: genesis, upTo: 1, round: 0 });
  expect(typesOf(effects)).toEqual(['note', 'announce', 'switch', 'setTimer']);
});

it('tells what it decided after a while, unless another message told it', () => {
  const member = new Member();
  const ballot = member.elect();
  const block = blockOn(genesis, 1);
  member.make(block);
  member.hear(1, { type: 'accepted', ballot, decided: genesis, upTo: 1, round: 0 });
  const later = { type: 'timer', now: now + 1_000, id: 'decide' } as const;
  expect(typesOf(member.step(later))).toEqual(['decide']);
  expect(typesOf(member.step({ ...later, now: now + 2_000 }))).toEqual([]);
  member.step({ type: 'applied', now, tip: block.hash });
  member.make(blockOn(pointOf(block), 2));
  member.hear(1, { type: 'accepted', ballot, decided: pointOf(block), upTo: 2, round: 0 });
  member.step({ type: 'timer', now: now + 3_000, id: 'heartbeat' });
  expect(typesOf(member.step({ ...later, now: now + 3_000 }))).toEqual([]);
});

it('does not count a vote of an older ballot for another block (B-D1)', () => {
  const member = new Member();
  const first = member.elect();
  member.make(blockOn(genesis, 1));
  const theirs = blockOn(genesis, 2);
  member.hear(1, { type: 'prepare', ballot: other, decided: genesis });
  member.step({ type: 'headers', now, from: 'node-1', headers: [theirs] });
  member.step({ type: 'body', now, hash: theirs.hash });
  const second = member.elect([{ sealed: theirs, ballot: other }]);
  expect(member.state.log.tentative.map(({ sealed }) => sealed.hashHex)).toEqual([theirs.hashHex]);
  expect(member.hear(1, { type: 'accepted', ballot: first, decided: genesis, upTo: 1, round: 0 })).toEqual([]);
  member.hear(1, { type: 'accepted', ballot: second, decided: genesis, upTo: 1, round: 0 });
  expect(member.state.log.decided).toEqual(pointOf(theirs));
});

it('steps down when it learns of a decision that is not on its log (B-I4)', () => {
  const member = new Member();
  const ballot = member.elect();
  member.make(blockOn(genesis, 1));
  expect(member.state.role).toBe('leader');
  member.hear(2, { type: 'accepted', ballot, decided: pointOf(blockOn(genesis, 2)), upTo: 0, round: 0 });
  expect(member.state).toMatchObject({ role: 'follower', log: { tentative: [], decided: { height: 1 } } });
});

it('is asked to lead in vain while a majority answers it', () => {
  const member = new Member();
  const ballot = member.elect();
  member.hear(1, { type: 'accepted', ballot, decided: genesis, upTo: 0, round: 0 });
  expect(member.step({ type: 'lead', now })).toEqual([]);
  expect(member.state.promised).toEqual(ballot);
  member.step({ type: 'lead', now: now + 1_000_000 });
  expect(member.state.promised.number).toBe(ballot.number + 1);
});

it('stops the node when a decided block turns out to be invalid', () => {
  const member = new Member();
  const ballot = member.elect();
  const block = blockOn(genesis, 1);
  member.make(block);
  member.hear(1, { type: 'accepted', ballot, decided: genesis, upTo: 1, round: 0 });
  const effects = member.step({ type: 'invalid', now, hash: block.hash, code: 'BAD_STATE_ROOT' });
  expect(typesOf(effects)).toEqual(['stopMining', 'halt']);
  expect(member.step({ type: 'lead', now: now + 1_000_000 })).toEqual([]);
});

it('comes back without a vote whose body the crash took, and with its promise', () => {
  const block = blockOn(genesis, 1);
  const ballot: Ballot = { number: 3, member: 1 };
  const records = [{ type: 'accepted', ballot, headers: [block] } as const];
  const recovery = { records, applied: genesis.hash, floor: 0 };
  const row = { sealed: block, record: new Uint8Array(), isInvalid: false };
  const [lost, kept] = [[], [row]].map(tree => paxos.recover(contextOf(3), { ...recovery, tree }));
  expect(lost).toMatchObject({ promised: ballot, log: { tentative: [] } });
  expect(kept).toMatchObject({ promised: ballot, log: { tentative: [{ ballot }] } });
});

it('asks another member for what is decided when the one that told of it does not answer', () => {
  const member = new Member();
  const askedOf = (effects: readonly PaxosEffect[]) =>
    effects.flatMap(effect => (effect.type === 'fetchHeaders' ? [effect.peer] : []));
  member.hear(1, { type: 'prepare', ballot: { number: 1, member: 1 }, decided: genesis });
  const decided = pointOf(blockOn(pointOf(blockOn(genesis, 1)), 2));
  const effects = member.hear(2, { type: 'decide', ballot: { number: 2, member: 2 }, decided });
  const later = member.step({ type: 'timer', now: now + 60_000, id: 'retry' });
  expect([askedOf(effects), askedOf(later)]).toEqual([['node-2'], ['node-1']]);
});
