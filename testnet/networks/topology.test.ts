import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dialledEdges, type Edge, edgesOf, parseTopology, type Topology } from './topology.ts';

const counts = fc.integer({ min: 1, max: 40 });
const shapes: readonly Topology[] = [
  { shape: 'mesh', degree: 0 },
  { shape: 'ring', degree: 0 },
  { shape: 'star', degree: 0 },
  { shape: 'random', degree: 2 },
  { shape: 'random', degree: 5 },
];

function reached(edges: readonly Edge[]): number {
  const found = new Set([0]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const ends of edges) if (ends.some(end => found.has(end))) for (const end of ends) found.add(end);
  }
  return found.size;
}

function degreeOf(member: number, edges: readonly Edge[]): number {
  return edges.filter(ends => ends.includes(member)).length;
}

describe('the shape of a network', () => {
  it.each([
    ['mesh', 4, '0,1 0,2 1,2 0,3 1,3 2,3'],
    ['ring', 4, '0,1 1,2 2,3 0,3'],
    ['ring', 2, '0,1'],
    ['star', 4, '0,1 0,2 0,3'],
    ['star', 1, ''],
  ])('%s of %i has these links', (text, count, expected) => {
    const topology = parseTopology(text);
    if (!topology.ok) throw new Error(topology.error.detail);
    expect(edgesOf(topology.value, count, 1n).join(' ')).toBe(expected);
  });

  it.each(['', 'cube', 'random', 'random:1', 'random:x', 'random:1000', 'mesh:2'])('%j is refused', text => {
    expect(parseTopology(text)).toMatchObject({ ok: false, error: { code: 'USAGE' } });
  });

  it('connects everybody, links no pair twice and nobody to itself', () => {
    fc.assert(
      fc.property(counts, fc.constantFrom(...shapes), fc.bigInt(0n, 1_000n), (count, shape, seed) => {
        for (const edges of [edgesOf(shape, count, seed), dialledEdges(shape, count, seed)]) {
          expect(reached(edges)).toBe(count);
          expect(new Set(edges.map(String)).size).toBe(edges.length);
          expect(edges.every(([low, high]) => low < high)).toBe(true);
        }
      }),
    );
  });

  it('gives a random network at most its degree, the same for the same seed, another for another', () => {
    const topology = { shape: 'random', degree: 4 } as const;
    const edges = edgesOf(topology, 20, 7n);
    for (let member = 0; member < 20; member++) expect(degreeOf(member, edges)).toBeLessThanOrEqual(4);
    expect(edges.length).toBeGreaterThan(36);
    expect(edgesOf(topology, 20, 7n)).toEqual(edges);
    expect(edgesOf(topology, 20, 8n)).not.toEqual(edges);
  });
});
