/** Linearizable reads, asked of members of three: who answers, when, and who must not. */
import { expect, it } from 'vitest';
import { genesisTime } from '../engine-context.suite.ts';
import { blockOn, classroomContext, genesis, Member } from './member.suite.ts';
import type { Message } from './messages.ts';
import type { PaxosEffect } from './state.ts';

const now = genesisTime + 1_000;

function readable(effects: readonly PaxosEffect[]): readonly (readonly [number, boolean])[] {
  return effects.flatMap(effect => (effect.type === 'readable' ? [[effect.id, effect.isReadable] as const] : []));
}

function roundOf(effects: readonly PaxosEffect[]): number {
  const rounds = effects.flatMap(effect =>
    effect.type === 'broadcast' && effect.message.type === 'heartbeat' ? [effect.message.round] : [],
  );
  return rounds.at(-1) ?? 0;
}

it('the leader answers when a majority has answered a heartbeat that it sent after the read began', () => {
  const member = new Member();
  const ballot = member.elect();
  const effects = member.step({ type: 'read', now, id: 7 });
  expect(readable(effects)).toEqual([]);
  const round = roundOf(effects);
  const answer = { type: 'accepted', ballot, decided: genesis, upTo: 0 } as const;
  expect(readable(member.hear(1, { ...answer, round: round - 1 }))).toEqual([]);
  expect(readable(member.hear(1, { ...answer, round }))).toEqual([[7, true]]);
});

it('a read that begins while a round is under way waits for the next one (B-Q2)', () => {
  const member = new Member();
  const ballot = member.elect();
  const first = roundOf(member.step({ type: 'read', now, id: 1 }));
  expect(roundOf(member.step({ type: 'read', now, id: 2 }))).toBe(0);
  const answer = { type: 'accepted', ballot, decided: genesis, upTo: 0 } as const;
  const effects = member.hear(2, { ...answer, round: first });
  expect(readable(effects)).toEqual([[1, true]]);
  expect(roundOf(effects)).toBe(first + 1);
  expect(readable(member.hear(1, { ...answer, round: first + 1 }))).toEqual([[2, true]]);
});

it('a leader that is cut off with a minority answers no read, and says so after 2 E', () => {
  const member = new Member();
  member.elect();
  member.step({ type: 'read', now, id: 7 });
  const { targetMs } = member.state.params;
  expect(readable(member.step({ type: 'timer', now: now + 2 * targetMs, id: 'heartbeat' }))).toEqual([]);
  expect(readable(member.step({ type: 'timer', now: now + 2 * targetMs + 1, id: 'heartbeat' }))).toEqual([[7, false]]);
});

it('a deposed leader answers no read, whatever votes of its ballot come late', () => {
  const member = new Member();
  const ballot = member.elect();
  const round = roundOf(member.step({ type: 'read', now, id: 7 }));
  const deposed = member.hear(1, { type: 'prepare', ballot: { number: 9, member: 1 }, decided: genesis });
  expect(readable(deposed)).toEqual([[7, false]]);
  expect(readable(member.hear(2, { type: 'accepted', ballot, decided: genesis, upTo: 0, round }))).toEqual([]);
});

it('in a classroom a leader that was deposed and leads again asks anew, with a heartbeat of this ballot', () => {
  const member = new Member(0, classroomContext());
  for (const id of [1, 2]) {
    const ballot = member.elect();
    const round = roundOf(member.step({ type: 'read', now, id }));
    expect(round).toBe(1);
    const answer = { type: 'accepted', ballot, decided: genesis, upTo: 0, round } as const;
    expect(readable(member.hear(1, answer))).toEqual([[id, true]]);
    const number = ballot.number + 1;
    member.hear(1, { type: 'prepare', ballot: { number, member: 1 }, decided: genesis });
    expect(member.state.role).toBe('follower');
  }
});

it('a new leader reads nothing before what others may have decided is decided and applied here (B-Q1, B-Q3)', () => {
  const member = new Member();
  const block = blockOn(genesis, 1);
  member.step({ type: 'headers', now, from: 'node-1', headers: [block] });
  member.step({ type: 'body', now, hash: block.hash });
  const ballot = member.elect([{ sealed: block, ballot: { number: 1, member: 1 } }]);
  const round = roundOf(member.step({ type: 'read', now, id: 7 }));
  const answer = { type: 'accepted', ballot, decided: genesis, upTo: 0 } as const;
  expect(readable(member.hear(1, { ...answer, round }))).toEqual([]);
  expect(readable(member.hear(1, { ...answer, round: 0, upTo: 1 }))).toEqual([]);
  expect(readable(member.step({ type: 'applied', now, tip: block.hash }))).toEqual([[7, true]]);
});

it('a follower asks the leader, and waits until its ledger stands as high', () => {
  const member = new Member();
  const ballot = { number: 2, member: 1 };
  const block = blockOn(genesis, 1);
  expect(readable(member.step({ type: 'read', now, id: 6 }))).toEqual([[6, false]]);
  member.hear(1, { type: 'heartbeat', ballot, decided: genesis, round: 0 });
  const asked = member.step({ type: 'read', now, id: 7 });
  expect(asked).toEqual([{ type: 'send', to: 1, message: { type: 'ask', ballot, decided: genesis, id: 7 } }]);
  expect(readable(member.hear(1, { type: 'index', ballot, decided: genesis, id: 7, height: 1 }))).toEqual([]);
  member.step({ type: 'headers', now, from: 'node-1', headers: [block] });
  member.step({ type: 'body', now, hash: block.hash });
  member.hear(1, { type: 'decide', ballot, decided: { height: 1, hash: block.hash } });
  expect(readable(member.step({ type: 'applied', now, tip: block.hash }))).toEqual([[7, true]]);
});

/** What `effects` send to the member `to`. */
function sentTo(to: number, effects: readonly PaxosEffect[]): readonly Message[] {
  return effects.flatMap(effect => (effect.type === 'send' && effect.to === to ? [effect.message] : []));
}

it('who is asked and leads no more says that it cannot tell, and is heard', () => {
  const [deposed, follower] = [new Member(0), new Member(1)];
  const ballot = deposed.elect();
  follower.hear(0, { type: 'heartbeat', ballot, decided: genesis, round: 0 });
  deposed.hear(2, { type: 'prepare', ballot: { number: 9, member: 2 }, decided: genesis });
  const [ask] = sentTo(0, follower.step({ type: 'read', now, id: 7 }));
  if (ask === undefined) throw new Error('the follower asked nobody');
  const [index] = sentTo(1, deposed.hear(1, ask));
  if (index === undefined) throw new Error('the deposed leader said nothing');
  expect(readable(follower.hear(0, index))).toEqual([[7, false]]);
});

it('who is deposed while it was asked says so at once, and is heard', () => {
  const [deposed, follower] = [new Member(0), new Member(1)];
  const ballot = deposed.elect();
  follower.hear(0, { type: 'heartbeat', ballot, decided: genesis, round: 0 });
  for (const ask of sentTo(0, follower.step({ type: 'read', now, id: 7 }))) deposed.hear(1, ask);
  const effects = deposed.hear(2, { type: 'prepare', ballot: { number: 9, member: 2 }, decided: genesis });
  const [index] = sentTo(1, effects);
  if (index === undefined) throw new Error('the deposed leader said nothing');
  expect(readable(follower.hear(0, index))).toEqual([[7, false]]);
});

it('in a classroom, where nobody speaks unasked, a read that nobody answers ends by its own timer', () => {
  const follower = new Member(0, classroomContext());
  follower.hear(1, { type: 'decide', ballot: { number: 2, member: 1 }, decided: genesis });
  const effects = follower.step({ type: 'read', now, id: 7 });
  const timers = effects.flatMap(effect => (effect.type === 'setTimer' ? [effect] : []));
  const ended = timers.flatMap(({ id, afterMs }) => follower.step({ type: 'timer', now: now + afterMs, id }));
  expect(readable(ended)).toEqual([[7, false]]);
});

it('in a classroom a heartbeat that a read waits for is sent again when it is lost', () => {
  const leader = new Member(0, classroomContext());
  const ballot = leader.elect();
  const round = roundOf(leader.step({ type: 'read', now, id: 7 }));
  const dueAt = leader.state.timers.get('heartbeat')?.dueAt ?? 0;
  expect(roundOf(leader.step({ type: 'timer', now: dueAt, id: 'heartbeat' }))).toBe(round);
  const answer = leader.hear(1, { type: 'accepted', ballot, decided: genesis, upTo: 0, round });
  expect(readable(answer)).toEqual([[7, true]]);
  const last = leader.state.timers.get('heartbeat')?.dueAt ?? 0;
  expect(roundOf(leader.step({ type: 'timer', now: last, id: 'heartbeat' }))).toBe(0);
});

it('an observer cannot tell', () => {
  expect(readable(new Member(null).step({ type: 'read', now, id: 7 }))).toEqual([[7, false]]);
});
