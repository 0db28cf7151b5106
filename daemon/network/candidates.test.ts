/** Addresses that could be dialled: order, waiting times, forgetting, bounds. */
import { expect, test } from 'vitest';
import { type DialAddress, formatAddress } from './addresses.ts';
import { Candidates } from './candidates.ts';
import { type NetworkLimits, networkLimits } from './limits.ts';

const limits: NetworkLimits = { ...networkLimits, candidatesMax: 4, dialFailuresMax: 3 };
const always = () => true;

/** `chance` is what every draw gives, from 0 to 255 of 256. */
function create(chance = 0, held: readonly string[] = [], bounds = limits, isOnline = always): Candidates {
  return new Candidates({
    random: { bytes: length => new Uint8Array(length).fill(chance) },
    limits: bounds,
    self: 'me',
    isHeld: peer => held.includes(peer),
    isOnline,
  });
}

function address(peer: string, port = 4001, host = '10.0.0.1'): DialAddress {
  return { text: formatAddress(host, port, peer), host, port, peer, scope: 'private' };
}

function has(candidates: Candidates, { text }: DialAddress): boolean {
  return candidates.nextDueMs(entry => entry.address.text === text) !== null;
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

test('P1: an outage forgets nobody, and an address that is bad is forgotten after it', () => {
  let isOnline = false;
  const candidates = create(0, [], limits, () => isOnline);
  const [proven, told] = [address('proven'), address('told')].map(each => candidates.add(each, 'learned'));
  if (!proven || !told) throw new Error('not added');
  candidates.succeeded(proven, 0);
  for (let count = 0; count < 20; count++) for (const entry of [proven, told]) candidates.failed(entry, 0);
  expect([proven, told].map(entry => has(candidates, entry.address))).toEqual([true, true]);
  // Whoever comes back looks for its peers as often as for those that the operator named.
  expect(proven.nextDialMs).toBe(limits.redialConfiguredMaxMs / 2);
  isOnline = true;
  for (let count = 1; count < limits.dialFailuresMax; count++) candidates.failed(told, 0);
  expect(has(candidates, told.address)).toBe(true);
  candidates.failed(told, 0);
  expect([proven, told].map(entry => has(candidates, entry.address))).toEqual([true, false]);
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

test('P12: of the addresses that a peer says to have, the newest stay, and what we dialled ourselves', () => {
  const candidates = create(0, [], { ...limits, candidatesMax: 100 });
  const dialled = candidates.add(address('a', 4000), 'learned');
  if (dialled !== null) candidates.succeeded(dialled, 0);
  const ports = Array.from({ length: 20 }, (_, index) => 5_000 + index);
  for (const port of ports) candidates.locate(address('a', port));
  expect([4_000, ...ports].filter(port => has(candidates, address('a', port)))).toEqual([
    4_000, 5_016, 5_017, 5_018, 5_019,
  ]);
});

test('P12: who floods a full book pushes out his own addresses, not the older ones of others', () => {
  const candidates = create();
  const honest = address('honest', 4001, '10.0.0.2');
  candidates.add(honest, 'learned');
  for (let index = 0; index < 20; index++) candidates.locate(address(`sybil ${index}`));
  expect(candidates.size).toBe(limits.candidatesMax);
  expect(has(candidates, honest)).toBe(true);
  // Nor where every address has a host of its own.
  const spread = create();
  spread.add(honest, 'learned');
  for (let index = 0; index < 20; index++) spread.add(address('x', 4001, `10.0.1.${index}`), 'learned');
  expect(has(spread, honest)).toBe(true);
});

test('P12: the address of a peer that we dialled and have is not given up, however the others stand', () => {
  const candidates = create(0, ['held']);
  const held = candidates.add(address('held'), 'learned');
  if (held !== null) candidates.succeeded(held, 0);
  for (let index = 0; index < 20; index++) {
    const entry = candidates.add(address(`other ${index}`, 4001, `10.0.1.${index}`), 'learned');
    if (entry !== null) candidates.succeeded(entry, 0);
    if (held !== null) held.failures = limits.dialFailuresMax - 1;
  }
  expect(has(candidates, address('held'))).toBe(true);
});

test('P12: what a peer says of itself is told to others, and not remembered as if we had dialled it', () => {
  const candidates = create();
  candidates.locate(address('a'));
  expect(candidates.known(always, 10)).toHaveLength(1);
  expect(candidates.proven(10)).toEqual([]);
});

test('tells proven addresses before others of a peer, one a peer, at most as many as wanted', () => {
  const candidates = create();
  const entries = [address('a'), address('b'), address('c')].map(each => candidates.add(each, 'learned'));
  for (const entry of entries.slice(0, 2)) if (entry !== null) candidates.succeeded(entry, 0);
  candidates.locate(address('a', 4002));
  const told = candidates.known(always, 10).map(({ text }) => text);
  expect(told.sort()).toEqual([address('a').text, address('b').text]);
  expect(candidates.known(always, 1)).toHaveLength(1);
  expect(candidates.known(peer => peer === 'b', 10).map(({ peer }) => peer)).toEqual(['b']);
});

test('forgets all addresses of a peer', () => {
  const candidates = create();
  candidates.add(address('a'), 'configured');
  candidates.add(address('a', 4002), 'learned');
  candidates.forget('a');
  expect(candidates.size).toBe(0);
});
