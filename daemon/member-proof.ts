/**
 * How a node shows in its handshake that it is a member of the genesis: the member's signature over the identity under which the node
 * connects. The connection itself has proved that identity, so a proof that was overheard is of no use to anybody else.
 */
import { equalBytes, toUtf8 } from '../chain/bytes.ts';
import { accept, type Result, reject } from '../chain/errors.ts';
import type { Genesis } from '../chain/genesis.ts';
import { taggedHash } from '../chain/hash.ts';
import { verify } from '../chain/keys.ts';
import type { Signer } from '../chain/transaction.ts';
import type { MemberIndex } from '../consensus/engine.ts';
import type { PeerId } from './ports.ts';
import type { MemberProof } from './wire.ts';

/** The chain that a member is a member of. */
export interface MemberChain {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
}

/** Members change with an epoch, and there has been no change yet: 0 as u64. */
const epoch = new Uint8Array(8);

/** The place of this key among the members of the genesis; null for an observer, and for everyone with proof of work. */
export function memberOf({ members }: Genesis, publicKey: Uint8Array): MemberIndex | null {
  const index = members.findIndex(member => equalBytes(member.publicKey, publicKey));
  return index < 0 ? null : index;
}

/** Null when the signer's key is no member's. */
export function proveMember(chain: MemberChain, peer: PeerId, signer: Signer): MemberProof | null {
  const member = memberOf(chain.genesis, signer.publicKey);
  return member === null ? null : { member, signature: signer.sign(memberDigest(chain, peer)) };
}

/** Whether this peer is the member that it says it is; about 1 ms. Errors: BAD_MESSAGE for a member that there is not, BAD_SIGNATURE. */
export function checkMemberProof(chain: MemberChain, peer: PeerId, { member, signature }: MemberProof): Result<null> {
  const { members } = chain.genesis;
  const claimed = members[member];
  if (claimed === undefined) return reject('BAD_MESSAGE', `member ${member}, the genesis has ${members.length}`);
  if (verify(memberDigest(chain, peer), signature, claimed.publicKey)) return accept(null);
  return reject('BAD_SIGNATURE', `${peer} does not prove to be member ${member}, ${claimed.name}`);
}

/** SHA-256("kvchain/<engine>/member/v1" || chainId || epoch || the peer's identity as text): PROTOCOLS 1.5. */
function memberDigest({ genesis, chainId }: MemberChain, peer: PeerId): Uint8Array {
  return taggedHash(`kvchain/${genesis.engine}/member/v1`, chainId, epoch, toUtf8(peer));
}
