/** What a leader must not be misled by, played against a member of three. */
import { expect, it } from 'vitest';
import { type SealedHeader, seal } from '../../chain/block.ts';
import { emptyHeader, genesisTime } from '../engine-context.suite.ts';
import type { Ballot, Point } from './ballot.ts';
import { pointOf } from './block-log.ts';
import type { Message } from './messages.ts';
import { type PaxosEvent, paxos } from './paxos.ts';
import type { PaxosEffect } from './state.ts';
import { contextOf } from './walk.suite.ts';

const context = contextOf(3);
const genesis = pointOf(context.genesisHeader);
const now = genesisTime + 1_000;
const other: Ballot = { number: 2, member: 1 };

function blockOn(parent: Point, salt: number): SealedHeader {
  const stateRoot = new Uint8Array(32).fill(salt);
  const header = { ...emptyHeader, height: parent.height + 1, parent: parent.hash, time: genesisTime + 1, stateRoot };
  return seal(header, new Uint8Array(32), new Uint8Array(64));
}

class Member {
  readonly state = paxos.recover(context, { records: [], tree: [], applied: genesis.hash, floor: 0 });

  step(event: PaxosEvent): readonly PaxosEffect[] {
    return paxos.step(this.state, event);
  }

  hear(member: number, message: Message): readonly PaxosEffect[] {
    return this.step({ type: 'message', now, from: `node-${member}`, member, message });
  }

  /** Elected in its next ballot by the promise of member 2. */
  elect(tentative: Extract<Message, { type: 'promise' }>['tentative'] = []): Ballot {
    this.step({ type: 'lead', now });
    const ballot = this.state.promised;
    this.hear(2, { type: 'promise', ballot, decided: genesis, tentative });
    return ballot;
  }

  make(block: SealedHeader): readonly PaxosEffect[] {
    this.step({ type: 'headers', now, from: null, headers: [block] });
    return this.step({ type: 'body', now, hash: block.hash });
  }
}

function typesOf(effects: readonly PaxosEffect[]): readonly string[] {
  return effects.map(effect => (effect.type === 'broadcast' ? effect.message.type : effect.type));
}

it('writes its own vote before it asks, and decides with the second of three', () => {
  const member = new Member();
  const ballot = member.elect();
  const block = blockOn(genesis, 1);
  expect(typesOf(member.make(block))).toEqual(['stopMining', 'persist', 'relay', 'accept']);
  const effects = member.hear(1, { type: 'accepted', ballot, decided: genesis, upTo: 1 });
  expect(typesOf(effects)).toEqual(['persist', 'switch', 'decide', 'send']);
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
  expect(member.hear(1, { type: 'accepted', ballot: first, decided: genesis, upTo: 1 })).toEqual([]);
  const decided = member.hear(1, { type: 'accepted', ballot: second, decided: genesis, upTo: 1 });
  expect(typesOf(decided)).toContain('decide');
});

it('steps down when it learns of a decision that is not on its log (B-I4)', () => {
  const member = new Member();
  const ballot = member.elect();
  member.make(blockOn(genesis, 1));
  expect(member.state.role).toBe('leader');
  member.hear(2, { type: 'accepted', ballot, decided: pointOf(blockOn(genesis, 2)), upTo: 0 });
  expect(member.state).toMatchObject({ role: 'follower', log: { tentative: [], decided: { height: 1 } } });
});

it('is asked to lead in vain while a majority answers it', () => {
  const member = new Member();
  const ballot = member.elect();
  member.hear(1, { type: 'accepted', ballot, decided: genesis, upTo: 0 });
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
  member.hear(1, { type: 'accepted', ballot, decided: genesis, upTo: 1 });
  const effects = member.step({ type: 'invalid', now, hash: block.hash, code: 'BAD_STATE_ROOT' });
  expect(typesOf(effects)).toEqual(['stopMining', 'halt']);
  expect(member.step({ type: 'lead', now: now + 1_000_000 })).toEqual([]);
});
