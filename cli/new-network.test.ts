import { expect, it } from 'vitest';
import { publicKeyOf } from '../chain/keys.ts';
import { newGenesis } from './new-network.ts';

const wishes = { name: 'ours', params: {}, allocations: [] };
const members = ['anna', 'bert'].map((name, index) => {
  return { name, publicKey: publicKeyOf(new Uint8Array(32).fill(index + 1)) };
});

it('a network of members names them, and nobody mines or is paid for blocks', () => {
  const genesis = newGenesis({ ...wishes, engine: 'paxos', members }, 1_700_000_000_000);
  expect(genesis.members).toEqual(members);
  expect(genesis.schedule[0]?.params).toMatchObject({ retarget: 'fixed', subsidy: 0n });
});

it.each([
  ['without members where they vote', { ...wishes, engine: 'paxos', members: [] } as const, 'expected at least 1'],
  ['with members where nobody votes', { ...wishes, engine: 'pow', members } as const, 'expected none'],
  ['with one member twice', { ...wishes, engine: 'paxos', members: [...members, ...members] } as const, 'twice'],
])('a network %s is refused', (_, wrong, said) => {
  expect(() => newGenesis(wrong, 1_700_000_000_000)).toThrow(said);
});
