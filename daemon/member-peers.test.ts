import { expect, it } from 'vitest';
import { MemberPeers } from './member-peers.ts';

const message = { kind: 'engine', content: Uint8Array.of(5) } as const;

function bench() {
  const sent: string[] = [];
  const members = new MemberPeers({ send: peer => sent.push(peer) });
  members.remember('a', 0);
  members.remember('b', 1);
  return { members, sent };
}

it('a member is spoken to by the peer that proved to be it', () => {
  const { members, sent } = bench();
  members.send(1, message);
  members.send(2, message);
  expect(sent).toEqual(['b']);
  expect(members.indexOf('b')).toBe(1);
  expect(members.indexOf('stranger')).toBeNull();
});

it('a broadcast goes to each connected member once', () => {
  const { members, sent } = bench();
  members.broadcast(message);
  expect(sent).toEqual(['a', 'b']);
});

it('of two peers of one member the newest is spoken to, and that the other goes changes nothing', () => {
  const { members, sent } = bench();
  members.remember('newer a', 0);
  expect(members.indexOf('a')).toBeNull();
  members.forget('a');
  members.send(0, message);
  expect(sent).toEqual(['newer a']);
});

it('a member whose peer has gone is spoken to no more', () => {
  const { members, sent } = bench();
  members.forget('a');
  members.send(0, message);
  members.broadcast(message);
  expect(sent).toEqual(['b']);
  expect(members.peerOf(0)).toBeNull();
});
