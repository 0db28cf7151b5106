/** A node that is no member follows what members announce; and a chain too long for memory is followed part by part. */
import { expect, it } from 'vitest';
import type { SealedHeader } from '../../chain/block.ts';
import { genesisTime } from '../engine-context.suite.ts';
import type { Point } from './ballot.ts';
import { pointOf } from './block-log.ts';
import { blockOn, genesis, Member } from './member.suite.ts';
import type { PaxosEffect } from './state.ts';

const now = genesisTime + 1_000;
const ballot = { number: 2, member: 1 };

function chainOn(parent: Point, count: number): readonly SealedHeader[] {
  const chain: SealedHeader[] = [];
  for (let tip = parent; chain.length < count; ) {
    const block = blockOn(tip, 1);
    chain.push(block);
    tip = pointOf(block);
  }
  return chain;
}

function typesOf(effects: readonly PaxosEffect[]): readonly string[] {
  return effects.map(({ type }) => type);
}

it('an observer fetches and applies what a member announces, and says nothing', () => {
  const observer = new Member(null);
  const [block = blockOn(genesis, 1)] = chainOn(genesis, 1);
  const heard = observer.hear(1, { type: 'decide', ballot, decided: pointOf(block) });
  expect(typesOf(heard)).toEqual(['note', 'setTimer', 'fetchHeaders']);
  const headers = observer.step({ type: 'headers', now, from: 'node-1', headers: [block], isAnswer: true });
  expect(typesOf(headers)).toEqual(['fetchBodies']);
  expect(typesOf(observer.step({ type: 'body', now, hash: block.hash }))).toContain('switch');
});

it('an observer neither votes nor promises nor stands', () => {
  const observer = new Member(null);
  const [block = blockOn(genesis, 1)] = chainOn(genesis, 1);
  expect(observer.hear(1, { type: 'prepare', ballot, decided: genesis })).toEqual([]);
  expect(observer.hear(1, { type: 'accept', ballot, decided: genesis, headers: [block] })).toEqual([]);
  expect(observer.step({ type: 'lead', now })).toEqual([]);
  expect(observer.step({ type: 'timer', now: now + 1e6, id: 'election' })).toEqual([]);
});

it('a member announces what it learns, for observers', () => {
  const member = new Member();
  const block = blockOn(genesis, 1);
  const effects = member.hear(1, { type: 'decide', ballot, decided: pointOf(block) });
  const announced = effects.flatMap(effect => (effect.type === 'announce' ? [effect.message] : []));
  expect(announced).toMatchObject([{ type: 'decide', decided: pointOf(block) }]);
});

it('a chain of which the decided tip is not in sight is followed as a member gives it', () => {
  const observer = new Member(null);
  const chain = chainOn(genesis, 6);
  const [far = genesis] = chain.slice(-1).map(pointOf);
  observer.hear(1, { type: 'decide', ballot, decided: far });
  const effects = observer.step({ type: 'headers', now, from: 'node-1', headers: chain.slice(0, 3), isAnswer: true });
  expect(effects).toMatchObject([{ type: 'fetchBodies', hashes: chain.slice(0, 3).map(({ hash }) => hash) }]);
});

it('headers that a stranger gives, or that nobody asked for, are not taken for decided', () => {
  const observer = new Member(null);
  const chain = chainOn(genesis, 3);
  const [far = genesis] = chain.slice(-1).map(pointOf);
  observer.hear(1, { type: 'decide', ballot, decided: far });
  const some = chain.slice(0, 2);
  const strange = observer.step({ type: 'headers', now, from: 'stranger', headers: some, isAnswer: true });
  const unasked = observer.step({ type: 'headers', now, from: 'node-1', headers: some });
  expect([...typesOf(strange), ...typesOf(unasked)]).not.toContain('fetchBodies');
});
