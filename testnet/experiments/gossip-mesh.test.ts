import { describe, expect, it } from 'vitest';
import { Chance } from '../sim/chance.ts';
import { VirtualTime } from '../sim/virtual-time.ts';
import { GossipMesh } from './gossip-mesh.ts';

/** The same message carried packet by packet: when each node heard of it, and how many packets there were. */
async function flood(
  mesh: GossipMesh,
  origin: number,
): Promise<{ readonly heardMs: number[]; readonly packets: number }> {
  const time = new VirtualTime();
  const heardMs: number[] = [];
  let packets = 0;
  const hear = (node: number, from: number) => {
    if (heardMs[node] !== undefined) return;
    heardMs[node] = time.nowMs;
    for (const { to, delayMs } of mesh.neighbours(node)) {
      if (to === from) continue;
      packets += 1;
      time.after(delayMs, () => hear(to, node));
    }
  };
  hear(origin, origin);
  while (await time.step());
  return { heardMs, packets };
}

describe('a mesh', () => {
  it.each([1, 2, 3, 7, 40])('of %i nodes gives the times and the packets of a flood', async nodes => {
    const mesh = new GossipMesh(nodes, new Chance(5n, `mesh ${nodes}`));
    for (const origin of new Set([0, nodes >> 1, nodes - 1])) {
      const { heardMs, packets } = await flood(mesh, origin);
      const { delaysMs, order } = mesh.spreadFrom(origin);
      expect(packets).toBe(mesh.packetsPerMessage);
      expect([...order].sort((a, b) => a - b)).toEqual(heardMs.map((_, node) => node));
      for (const [node, atMs] of heardMs.entries()) expect(delaysMs[node]).toBeCloseTo(atMs, 6);
      expect([...order].map(node => delaysMs[node])).toEqual([...delaysMs].sort((a, b) => a - b));
    }
  });

  it('gives each node the neighbours of gossipsub, however many nodes there are', () => {
    const mesh = new GossipMesh(500, new Chance(5n, 'mesh'));
    const degrees = Array.from({ length: 500 }, (_, node) => mesh.neighbours(node).length);
    expect(Math.min(...degrees)).toBeGreaterThanOrEqual(6);
    expect(Math.max(...degrees)).toBeLessThanOrEqual(12);
  });
});
