/** Who may say to be which member, and by what signature. */
import { describe, expect, it } from 'vitest';
import { chainIdOf } from '../chain/genesis.ts';
import { signerOf } from '../chain/transaction.ts';
import { genesis, miner, rival } from './chain-fixture.suite.ts';
import { checkMemberProof, type MemberChain, memberOf, proveMember } from './member-proof.ts';
import type { MemberProof } from './wire.ts';

const stranger = signerOf(new Uint8Array(32).fill(7));
const members = [
  { name: 'anna', publicKey: miner.publicKey },
  { name: 'bert', publicKey: rival.publicKey },
];
const chain = chainWith({});
const bert = signerOf(rival.secret);
const proof = proofOf(chain, 'peer');

function chainWith(changes: Partial<typeof genesis>): MemberChain {
  const changed = { ...genesis, members, ...changes };
  return { genesis: changed, chainId: chainIdOf(changed) };
}

function proofOf(of: MemberChain, peer: string): MemberProof {
  const made = proveMember(of, peer, bert);
  if (made === null) throw new Error('bert is a member');
  return made;
}

describe('a member', () => {
  it('is known by its key, and nobody else is one', () => {
    expect(memberOf(chain.genesis, rival.publicKey)).toBe(1);
    expect(memberOf(chain.genesis, stranger.publicKey)).toBeNull();
    expect(proveMember(chain, 'peer', stranger)).toBeNull();
  });

  it('proves to be itself under its identity', () => {
    expect(proof.member).toBe(1);
    expect(checkMemberProof(chain, 'peer', proof)).toMatchObject({ ok: true });
  });
});

describe('a proof is refused', () => {
  it.each([
    ['of another peer', chain, proofOf(chain, 'another peer')],
    ['of another chain', chain, proofOf(chainWith({ name: 'another' }), 'peer')],
    ['of another engine', { ...chain, genesis: { ...chain.genesis, engine: 'bft' } } as const, proof],
    ['in the name of another member', chain, { ...proof, member: 0 }],
    ['that is no signature', chain, { ...proof, signature: new Uint8Array(64) }],
  ])('%s', (_, of, given) => {
    const refused = {
      ok: false,
      error: { code: 'BAD_SIGNATURE', detail: expect.stringContaining('peer does not prove') },
    };
    expect(checkMemberProof(of, 'peer', given)).toMatchObject(refused);
  });

  it('of a member that the genesis does not have', () => {
    const refused = { ok: false, error: { code: 'BAD_MESSAGE', detail: 'member 2, the genesis has 2' } };
    expect(checkMemberProof(chain, 'peer', { ...proof, member: 2 })).toMatchObject(refused);
  });
});
