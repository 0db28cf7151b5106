/** Who is linked to whom: a network's shape as pairs of member numbers, the lower one first. */
import { accept, type Result, reject } from '../../chain/errors.ts';
import { Chance } from '../sim/chance.ts';

export type Edge = readonly [low: number, high: number];

export interface Topology {
  readonly shape: 'mesh' | 'ring' | 'star' | 'random';
  /** Links of each member of a random network; 0 for the other shapes. */
  readonly degree: number;
}

/** Reads mesh, ring, star or random:D. Error: USAGE. */
export function parseTopology(text: string): Result<Topology> {
  if (text === 'mesh' || text === 'ring' || text === 'star') return accept({ shape: text, degree: 0 });
  const random = /^random:(\d{1,3})$/.exec(text);
  const degree = Number(random?.[1] ?? 0);
  if (random !== null && degree >= 2) return accept({ shape: 'random', degree });
  return reject('USAGE', `topology ${JSON.stringify(text)}: expected mesh, ring, star or random:D with D from 2`);
}

/** The links among `count` members. Random ones follow from the seed, are connected, and give each member `degree` links where that can be. */
export function edgesOf({ shape, degree }: Topology, count: number, seed: bigint): readonly Edge[] {
  const members = Array.from({ length: count }, (_, index) => index);
  switch (shape) {
    case 'mesh':
      return allPairs(count);
    case 'star':
      return members.slice(1).map(member => edge(0, member));
    case 'ring':
      return ringOf(members);
    case 'random':
      return randomEdges(members, degree, new Chance(seed, 'topology'));
  }
}

/** Each member of a larger mesh dials a few others; the rest find each other by the exchange of addresses. */
const meshDialsMax = 8;
const meshDegree = 6;

/** The links that are dialled by hand, so that all the others, if there are more, are found from them. */
export function dialledEdges(topology: Topology, count: number, seed: bigint): readonly Edge[] {
  const isLarge = topology.shape === 'mesh' && count > meshDialsMax + 1;
  return edgesOf(isLarge ? { shape: 'random', degree: meshDegree } : topology, count, seed);
}

export function allPairs(count: number): readonly Edge[] {
  const pairs: Edge[] = [];
  for (let high = 1; high < count; high++) for (let low = 0; low < high; low++) pairs.push([low, high]);
  return pairs;
}

/** Two members are linked once, one not at all. */
function ringOf(members: readonly number[]): readonly Edge[] {
  if (members.length < 3) return allPairs(members.length);
  return members.map((member, index) => edge(member, members[(index + 1) % members.length] ?? 0));
}

/** A ring in a random order keeps it connected; then links between members that have too few, in a random order. */
function randomEdges(members: readonly number[], degree: number, chance: Chance): readonly Edge[] {
  const edges = [...ringOf(chance.shuffle(members))];
  const taken = new Set(edges.map(String));
  const degrees = members.map(member => edges.filter(ends => ends.includes(member)).length);
  for (const candidate of chance.shuffle(allPairs(members.length))) {
    const isWanted = candidate.every(member => (degrees[member] ?? 0) < degree);
    if (!isWanted || taken.has(String(candidate))) continue;
    edges.push(candidate);
    for (const member of candidate) degrees[member] = (degrees[member] ?? 0) + 1;
  }
  return edges;
}

function edge(a: number, b: number): Edge {
  return a < b ? [a, b] : [b, a];
}
