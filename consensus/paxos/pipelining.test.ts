/** Several blocks of one leader under way at a time, played against a member of three. */
import { expect, it } from 'vitest';
import type { SealedHeader } from '../../chain/block.ts';
import { genesisTime } from '../engine-context.suite.ts';
import type { Ballot } from './ballot.ts';
import { pointOf } from './block-log.ts';
import { blockOn, classroomContext, genesis, Member } from './member.suite.ts';
import type { PaxosEffect } from './state.ts';

let now = genesisTime + 1_000;
const first = blockOn(genesis, 1);
const second = blockOn(pointOf(first), 1);
const third = blockOn(pointOf(second), 1);

function parentsOf(effects: readonly PaxosEffect[]): readonly Uint8Array[] {
  return effects.flatMap(effect => (effect.type === 'mine' ? [effect.template.parent] : []));
}

/** What the acceptor voted for, vote by vote. */
function votesOf(effects: readonly PaxosEffect[]): readonly number[] {
  return effects.flatMap(effect =>
    effect.type === 'send' && effect.message.type === 'accepted' ? [effect.message.upTo] : [],
  );
}

it('a leader has up to 16 blocks under way, each on the one before', () => {
  const member = new Member();
  member.elect();
  let parent = genesis;
  for (let height = 1; height <= 16; height++) {
    const block = blockOn(parent, 1);
    parent = pointOf(block);
    expect(parentsOf(member.make(block))).toEqual(height < 16 ? [parent.hash] : []);
  }
  expect(member.state.log.tentative).toHaveLength(16);
});

it('a leader goes on when the lowest of them is applied', () => {
  const member = new Member();
  const ballot = member.elect();
  const blocks = [first];
  for (const last of blocks) if (member.make(last) && blocks.length < 16) blocks.push(blockOn(pointOf(last), 1));
  member.hear(1, { type: 'accepted', ballot, decided: genesis, upTo: 1, round: 0 });
  const effects = member.step({ type: 'applied', now, tip: first.hash });
  expect(parentsOf(effects)).toEqual([blocks.at(-1)?.hash]);
});

it('in a classroom one block follows the other', () => {
  expect(new Member(0, classroomContext()).state.window).toBe(1);
});

it('a leader sends again what a member lacks, unless that voted for more than before', () => {
  const member = new Member();
  const ballot = member.elect();
  member.make(first);
  member.make(second);
  const sentAt = (upTo: number) =>
    member
      .step({
        type: 'message',
        now,
        from: 'node-1',
        member: 1,
        message: { type: 'accepted', ballot, decided: genesis, upTo, round: 0 },
      })
      .flatMap(effect => (effect.type === 'send' && effect.message.type === 'accept' ? effect.message.headers : []));
  expect(sentAt(0)).toEqual([first, second]);
  expect(sentAt(1)).toEqual([]);
  // Each is answered: what is sent for each answer would never end.
  expect(sentAt(1)).toEqual([]);
  now += 60_000;
  expect(sentAt(1)).toEqual([second]);
  now += 60_000;
  expect(sentAt(2)).toEqual([]);
});

it('a proposal tells what is decided, so no message does it again', () => {
  const member = new Member();
  const ballot = member.elect();
  member.make(first);
  member.hear(1, { type: 'accepted', ballot, decided: genesis, upTo: 1, round: 0 });
  member.make(second);
  expect(member.step({ type: 'timer', now: now + 1_000, id: 'decide' })).toEqual([]);
});

it('a body that comes late is no sign of the leader: the election comes when it would have', () => {
  const member = new Member();
  const ballot: Ballot = { number: 2, member: 1 };
  member.hear(1, { type: 'accept', ballot, decided: genesis, headers: [first] });
  const dueAt = member.state.timers.get('election')?.dueAt;
  now += 100;
  expect(votesOf(member.step({ type: 'body', now, hash: first.hash }))).toEqual([1]);
  expect(member.state.timers.get('election')?.dueAt).toBe(dueAt);
});

it('an acceptor votes for the blocks whose bodies are here, and lets the next wait behind the others', () => {
  const member = new Member();
  const ballot: Ballot = { number: 2, member: 1 };
  const accept = (...headers: readonly SealedHeader[]) =>
    member.hear(1, { type: 'accept', ballot, decided: genesis, headers });
  const body = ({ hash }: SealedHeader) => member.step({ type: 'body', now, hash });
  expect(votesOf(accept(first, second))).toEqual([]);
  expect(votesOf(accept(third))).toEqual([]);
  expect(votesOf(body(third))).toEqual([]);
  expect(votesOf(body(first))).toEqual([1]);
  expect(votesOf(body(second))).toEqual([3]);
});
