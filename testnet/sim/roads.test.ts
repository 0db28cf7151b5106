import { describe, expect, it } from 'vitest';
import type { Packet } from './packet.ts';
import { oneWayMs, regionsCount } from './regions.ts';
import { Roads, straightRoads } from './roads.ts';

const packet: Packet = { carriage: 'lossy', type: 'message', session: 1, order: 1, data: new Uint8Array(936) };

describe('the matrix of regions', () => {
  it('has 13 of them, is symmetric, and is near where the machines are one', () => {
    expect(regionsCount).toBe(13);
    for (let from = 0; from < regionsCount; from++) {
      expect(oneWayMs(from, from)).toBeLessThanOrEqual(3);
      for (let to = 0; to < regionsCount; to++) expect(oneWayMs(from, to)).toBe(oneWayMs(to, from));
    }
    expect(oneWayMs(0, 5)).toBe(35);
  });
});

describe('roads', () => {
  it('without settings take no time', () => {
    expect(new Roads(straightRoads).delayMs('a', 'b', packet, 5)).toBe(0);
  });

  it('take half the round trip between two regions', () => {
    const roads = new Roads({
      ...straightRoads,
      regionOf: new Map([
        ['a', 0],
        ['b', 12],
      ]),
    });
    expect(roads.delayMs('a', 'b', packet, 0)).toBe(113.5);
    expect(roads.delayMs('a', 'c', packet, 0)).toBe(0);
  });

  it('carry one packet after the other in one direction, each direction by itself', () => {
    const roads = new Roads({ ...straightRoads, bytesPerMs: 100 });
    expect(roads.delayMs('a', 'b', packet, 0)).toBe(10);
    expect(roads.delayMs('a', 'b', packet, 0)).toBe(20);
    expect(roads.delayMs('b', 'a', packet, 0)).toBe(10);
    expect(roads.delayMs('a', 'b', packet, 100)).toBe(10);
  });

  it('end at a slow machine, which takes up one packet after the other from whomever', () => {
    const roads = new Roads({ ...straightRoads, slowMs: new Map([['b', 7]]) });
    expect(roads.delayMs('a', 'b', packet, 0)).toBe(7);
    expect(roads.delayMs('c', 'b', packet, 0)).toBe(14);
    expect(roads.delayMs('b', 'a', packet, 0)).toBe(0);
  });
});
