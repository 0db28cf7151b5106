/**
 * Who passes messages on to whom in a large network, and when each node hears of one. Every node has a few neighbours, as in the mesh of
 * gossipsub, passes on at once what it hears first, and never back to whom it heard it from; a link always takes its time. So a message
 * arrives by the shortest way, and what it costs can be counted without moving a packet.
 */
import { IndexedHeap } from '../../chain/heap.ts';
import type { Chance } from '../sim/chance.ts';
import { oneWayMs, regionsCount } from '../sim/regions.ts';

/** Neighbours that a node of gossipsub wants in its mesh, and that it bears. */
export const meshDegree = 6;
const meshDegreeMax = 12;
/** What chance adds to a link: the last mile of both ends. */
const lastMilesMs = 20;

interface Link {
  readonly to: number;
  readonly delayMs: number;
}

/** When each node hears of what one of them says, from then on. */
export interface Spread {
  /** By node. */
  readonly delaysMs: Float64Array;
  /** The nodes in the order in which they hear, who says it first. */
  readonly order: Uint16Array;
}

export class GossipMesh {
  readonly nodes: number;
  /** Packets that one message costs: everybody sends it to all neighbours but the one that it came from. */
  readonly packetsPerMessage: number;
  readonly #links: readonly Link[][];
  readonly #spreads = new Map<number, Spread>();

  constructor(nodes: number, chance: Chance) {
    this.nodes = nodes;
    this.#links = drawLinks(nodes, chance);
    const directions = this.#links.reduce((sum, links) => sum + links.length, 0);
    this.packetsPerMessage = directions - (nodes - 1);
  }

  neighbours(node: number): readonly Link[] {
    return this.#links[node] ?? [];
  }

  spreadFrom(origin: number): Spread {
    const spread = this.#spreads.get(origin) ?? this.#shortestWays(origin);
    this.#spreads.set(origin, spread);
    return spread;
  }

  /** Dijkstra's algorithm. */
  #shortestWays(origin: number): Spread {
    const delaysMs = new Float64Array(this.nodes).fill(Number.POSITIVE_INFINITY);
    const delayOf = (node: number) => delaysMs[node] ?? 0;
    const waiting = new IndexedHeap<number>((a, b) => delayOf(a) < delayOf(b) || (delayOf(a) === delayOf(b) && a < b));
    const order: number[] = [];
    delaysMs[origin] = 0;
    waiting.set(origin);
    for (let node = waiting.peek(); node !== undefined; node = waiting.peek()) {
      waiting.remove(node);
      order.push(node);
      for (const { to, delayMs } of this.neighbours(node)) {
        if (delayOf(node) + delayMs >= delayOf(to)) continue;
        delaysMs[to] = delayOf(node) + delayMs;
        waiting.set(to);
      }
    }
    return { delaysMs, order: Uint16Array.from(order) };
  }
}

/** A ring, so that everybody is reached, and chords by chance until each node has its neighbours. */
function drawLinks(nodes: number, chance: Chance): readonly Link[][] {
  const regions = Array.from({ length: nodes }, () => chance.between(0, regionsCount - 1));
  const links = regions.map((): Link[] => []);
  const join = (a: number, b: number) => {
    const [ofA, ofB] = [links[a], links[b]];
    if (a === b || ofA === undefined || ofB === undefined || ofA.some(({ to }) => to === b)) return;
    if (Math.max(ofA.length, ofB.length) >= meshDegreeMax) return;
    const delayMs = oneWayMs(regions[a] ?? 0, regions[b] ?? 0) + lastMilesMs * chance.fraction();
    ofA.push({ to: b, delayMs });
    ofB.push({ to: a, delayMs });
  };
  for (let node = 0; node < nodes; node++) join(node, (node + 1) % nodes);
  const wanted = Math.min(meshDegree, nodes - 1);
  // In a small network the last nodes may find nobody who has room: they stay with fewer.
  for (let node = 0; node < nodes; node++)
    for (let tries = 0; (links[node]?.length ?? 0) < wanted && tries < 100; tries++)
      join(node, chance.between(0, nodes - 1));
  return links;
}
