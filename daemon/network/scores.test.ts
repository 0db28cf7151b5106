/** Scores and bans: what is taken, what comes back, and that nothing grows without bound. */
import { expect, test } from 'vitest';
import { MovableClock } from './fixtures.suite.ts';
import { networkLimits } from './limits.ts';
import { PeerScores } from './scores.ts';

const minuteMs = 60_000;

function create(scoresMax: number = networkLimits.scoresMax) {
  const clock = new MovableClock();
  return { clock, scores: new PeerScores(clock, { ...networkLimits, scoresMax }) };
}

test('an unknown peer has the full score', () => {
  expect(create().scores.score('p')).toBe(100);
});

test('a penalty is taken and comes back by one point a minute, up to the full score', () => {
  const { clock, scores } = create();
  expect(scores.penalize('p', 10)).toBe(false);
  expect(scores.score('p')).toBeCloseTo(90, 2);
  clock.move(4 * minuteMs);
  expect(scores.score('p')).toBeCloseTo(94, 2);
  clock.move(60 * minuteMs);
  expect(scores.score('p')).toBe(100);
});

test('a penalty of nothing, and one while banned, changes nothing', () => {
  const { scores } = create();
  expect(scores.penalize('p', 0)).toBe(false);
  expect(scores.score('p')).toBe(100);
  expect(scores.penalize('p', 100)).toBe(true);
  expect(scores.penalize('p', 100)).toBe(false);
});

test('penalties add up to a ban', () => {
  const { scores } = create();
  for (let count = 0; count < 9; count++) expect(scores.penalize('p', 10)).toBe(false);
  expect(scores.penalize('p', 11)).toBe(true);
  expect(scores.isBanned('p')).toBe(true);
  expect(scores.score('p')).toBe(0);
});

test('a ban ends after its time, and the peer starts afresh', () => {
  const { clock, scores } = create();
  scores.penalize('p', 100);
  clock.move(networkLimits.banMs - 1_000);
  expect(scores.isBanned('p')).toBe(true);
  clock.move(1_001);
  expect(scores.isBanned('p')).toBe(false);
  expect(scores.score('p')).toBe(100);
});

test('the operator may forgive a ban', () => {
  const { scores } = create();
  scores.ban('p');
  scores.forgive('p');
  expect(scores.isBanned('p')).toBe(false);
});

test('of too many scores and bans the oldest are forgotten', () => {
  const { scores } = create(3);
  for (const peer of ['a', 'b', 'c', 'd']) {
    scores.ban(peer);
    scores.penalize(`${peer}2`, 50);
  }
  expect(['a', 'b', 'c', 'd'].map(peer => scores.isBanned(peer))).toEqual([false, true, true, true]);
  expect(scores.score('a2')).toBe(100);
  expect(scores.score('d2')).toBeCloseTo(50, 2);
});
