/** Addresses that could be dialled: order, waiting times, forgetting, bounds. */
import { expect, test } from 'vitest';
import { type DialAddress, formatAddress } from './addresses.ts';
import { Candidates } from './candidates.ts';
import { networkLimits } from './limits.ts';

const limits = { ...networkLimits, candidatesMax: 4, dialFailuresMax: 3 };
const always = () => true;

/** `chance` is what every draw gives, from 0 to 255 of 256. */
function create(chance = 0): Candidates {
  return new Candidates({ random: { bytes: length => new Uint8Array(length).fill(chance) }, limits, self: 'me' });
}

function address(peer: string, port = 4001): DialAddress {
  return { text: formatAddress('10.0.0.1', port, peer), host: '10.0.0.1', port, peer, scope: 'private' };
}

test('does not take our own address', () => {
  const candidates = create();
  expect(candidates.add(address('me'), 'configured')).toBeNull();
  expect(candidates.size).toBe(0);
});

test("chooses the operator's before learned ones, and nothing before its time", () => {
  const candidates = create();
  candidates.add(address('a'), 'learned');
  const b = candidates.add(address('b'), 'configured');
  expect(candidates.choose(0, always)).toBe(b);
  expect(candidates.choose(0, entry => entry !== b)?.address.peer).toBe('a');
  if (b !== null) candidates.failed(b, 0);
  expect(candidates.choose(0, entry => entry === b)).toBeNull();
});

test('waits twice as long after each failure, at least half of it, up to the maximum', () => {
  const candidates = create(0);
  const entry = candidates.add(address('a'), 'configured');
  const waits: number[] = [];
  for (let count = 0; count < 8 && entry !== null; count++) {
    candidates.failed(entry, 0);
    waits.push(entry.nextDialMs);
  }
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
});

test('chance adds up to the other half', () => {
  const candidates = create(255);
  const entry = candidates.add(address('a'), 'configured');
  if (entry !== null) candidates.failed(entry, 0);
  expect(entry?.nextDialMs).toBeCloseTo(1_000, 1);
});

test('success starts the waiting times anew', () => {
  const candidates = create();
  const entry = candidates.add(address('a'), 'configured');
  if (entry === null) throw new Error('not added');
  for (let count = 0; count < 6; count++) candidates.failed(entry, 0);
  candidates.succeeded(entry, 0);
  candidates.failed(entry, 0);
  expect(entry.nextDialMs).toBe(500);
});

test("forgets a learned address after some failures, the operator's never", () => {
  const candidates = create();
  for (const origin of ['learned', 'configured'] as const) {
    const entry = candidates.add(address(origin), origin);
    for (let count = 0; count < limits.dialFailuresMax && entry !== null; count++) candidates.failed(entry, 0);
  }
  expect(candidates.nextDueMs(({ address: { peer } }) => peer === 'learned')).toBeNull();
  expect(candidates.nextDueMs(({ address: { peer } }) => peer === 'configured')).not.toBeNull();
});

test('a full book gives up what is least worth, and never what the operator named', () => {
  const candidates = create();
  for (const peer of ['a', 'b', 'c', 'd']) candidates.add(address(peer), peer === 'a' ? 'configured' : 'learned');
  const [b, c] = ['b', 'c'].map(peer => candidates.add(address(peer), 'learned'));
  if (b) candidates.succeeded(b, 0);
  if (c) candidates.failed(c, 0);
  expect(candidates.add(address('e'), 'learned')).not.toBeNull();
  const peers = ['a', 'b', 'c', 'd', 'e'].filter(
    peer => candidates.nextDueMs(entry => entry.address.peer === peer) !== null,
  );
  expect(peers).toEqual(['a', 'b', 'd', 'e']);
});

test('a book full of what the operator named takes nothing learned', () => {
  const candidates = create();
  for (const peer of ['a', 'b', 'c', 'd']) candidates.add(address(peer), 'configured');
  expect(candidates.add(address('e'), 'learned')).toBeNull();
});

test('tells proven addresses alone, one a peer, at most as many as wanted', () => {
  const candidates = create();
  const entries = [address('a'), address('a', 4002), address('b'), address('c')].map(each =>
    candidates.add(each, 'learned'),
  );
  for (const entry of entries.slice(0, 3)) if (entry !== null) candidates.succeeded(entry, 0);
  expect(
    candidates
      .proven(always, 10)
      .map(({ peer }) => peer)
      .sort(),
  ).toEqual(['a', 'b']);
  expect(candidates.proven(always, 1)).toHaveLength(1);
  expect(candidates.proven(peer => peer === 'b', 10).map(({ peer }) => peer)).toEqual(['b']);
});

test('forgets all addresses of a peer', () => {
  const candidates = create();
  candidates.add(address('a'), 'configured');
  candidates.add(address('a', 4002), 'learned');
  candidates.forget('a');
  expect(candidates.size).toBe(0);
});
