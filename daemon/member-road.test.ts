import { describe, expect, it } from 'vitest';
import { MemberPeers } from './member-peers.ts';
import { MemberRoad, type MemberRoadParts } from './member-road.ts';
import { decodeMemberFrame, encodeMemberFrame, type MemberFrame } from './wire.ts';

type Kind = MemberFrame['kind'];

/** A node with the members `a` and `b` and the stranger `s` beside it; `said` and `sent` tell what it did, in order. */
function bench(changes: Partial<MemberRoadParts> = {}) {
  const said: string[] = [];
  const sent: string[] = [];
  const note = (what: string) => async (_bytes: Uint8Array | string, from: string | Uint8Array) => {
    said.push(`${what} ${from}`);
  };
  const network: MemberRoadParts['network'] = {
    send: (peer, bytes) => {
      const frame = decodeMemberFrame(bytes);
      sent.push(`${frame.ok ? `${frame.value.kind} ${frame.value.content[0]}` : 'junk'} to ${peer}`);
    },
    peers: () => ['a', 'b', 's'].map(id => ({ id })),
    penalize: (peer, code) => said.push(`${code} ${peer}`),
  };
  const members = new MemberPeers(network);
  members.remember('a', 1);
  members.remember('b', 2);
  const road = new MemberRoad({
    network,
    members,
    chain: { freshBlock: () => null },
    driver: { engine: { leader: () => null } },
    mail: { receive: async from => void said.push(`engine ${from}`) },
    blocks: { given: note('block') },
    pipeline: { given: note('transactions') },
    self: 0,
    areTrusted: true,
    gossips: true,
    onHeard: (member, { kind }) => said.push(`heard ${kind} of ${member}`),
    onDisk: () => {},
    ...changes,
  });
  const hear = (from: string, kind: Kind) => road.onFrame(from, encodeMemberFrame({ kind, content: Uint8Array.of(7) }));
  return { road, said, sent, hear };
}

describe('a frame', () => {
  it.each<Kind>(['engine', 'block', 'transactions'])('of a member goes where its kind says: %s', kind => {
    const { said, hear } = bench();
    hear('a', kind);
    expect(said).toEqual([`heard ${kind} of 1`, `${kind} a`]);
  });

  it.each<Kind>(['block', 'transactions', 'words'])('of a stranger that is for members costs it: %s', kind => {
    const { said, hear } = bench();
    hear('s', kind);
    expect(said).toEqual(['BAD_MESSAGE s']);
  });

  it('of a stranger with a message of the engine is for the engine to judge', () => {
    const { said, hear } = bench();
    hear('s', 'engine');
    expect(said).toEqual(['engine s']);
  });

  it('that does not decode costs whoever sent it', () => {
    const { road, said } = bench();
    road.onFrame('a', Uint8Array.of(255, 2, 3));
    expect(said).toEqual([expect.stringMatching(/^BAD_\w+ a$/)]);
  });

  it.each<Kind>(['block', 'transactions'])('with what must not be taken on a word is passed over: %s', kind => {
    const { said, hear } = bench({ areTrusted: false });
    hear('a', kind);
    expect(said).toEqual([`heard ${kind} of 1`]);
  });
});

describe('what is announced', () => {
  it('goes to those that are no members; who comes later is told the newest of it, a member too', () => {
    const { road, sent } = bench();
    road.announce(Uint8Array.of(1));
    road.announce(Uint8Array.of(2));
    expect(sent.splice(0)).toEqual(['engine 1 to s', 'engine 2 to s']);
    road.welcome('a');
    road.welcome('s');
    expect(sent).toEqual(['engine 2 to a', 'engine 2 to s']);
  });

  it('is nothing at first', () => {
    const { road, sent } = bench();
    road.welcome('a');
    expect(sent).toEqual([]);
  });
});

describe('the way of transactions', () => {
  const ledBy = (leader: number) => ({ driver: { engine: { leader: () => leader } } });

  it.each([
    ['to everybody while nobody is known to lead', {}, 'everybody'],
    ['nowhere, where they are not gossiped', { gossips: false }, 'here'],
    ['not on, at the leader', ledBy(0), 'here'],
    ['to everybody, when the leader is not connected', ledBy(3), 'everybody'],
    ['to everybody, where members are not trusted', { ...ledBy(1), areTrusted: false }, 'everybody'],
    ['to everybody, from a node that is no member', { ...ledBy(1), self: null }, 'everybody'],
  ] as const)('is %s', (_name, changes, way) => expect(bench(changes).road.route()).toBe(way));

  it('is to the leader alone, when it is connected', () => {
    const { road, sent } = bench(ledBy(2));
    const way = road.route();
    if (typeof way === 'string') throw new Error(way);
    way(Uint8Array.of(9));
    expect(sent).toEqual(['transactions 9 to b']);
  });
});
