/**
 * The attack: a member of the committee says what it likes: ballots and heights beyond all reason, the longest logs, headers that nobody asked
 * for with signatures of nobody, certificates that nobody signed. The defence: none of finality, for members are trusted to crash only; but
 * what a message costs is bounded, headers are checked as those from anybody, and honest peers pay for nothing. THREATS.md P2, C18.
 */
import { headerVersion, type SealedHeader, seal, sealedHeaderCodec } from '../../chain/block.ts';
import { encodeItem } from '../../chain/codec.ts';
import { zeroHash } from '../../chain/hash.ts';
import { publicKeyLength, signatureLength } from '../../chain/keys.ts';
import type { Node } from '../../daemon/node.ts';
import { encodeMemberFrame } from '../../daemon/wire.ts';
import type { Chance } from '../sim/chance.ts';
import { type AttackerParts, keepAttacking, type Policy, type Voice } from './policy.ts';

const pauseMs = 400;
/** Of docs/protocol/finality.md and docs/protocol/paxos.md. */
const branchLength = 500;
const logLength = 64;
const ballotNumberMax = 2 ** 48;
const most = Number.MAX_SAFE_INTEGER;

export function lyingMember(parts: AttackerParts): Policy {
  const { chance, onAttack, genesis } = parts;
  let count = 0;
  return { begin: (node, voice) => keepAttacking(parts, pauseMs, () => attack(node, voice)) };

  async function attack(node: Node, { peers, send }: Voice): Promise<void> {
    const known = peers();
    if (known.length === 0) return;
    const { id } = chance.pick(known);
    count += 1;
    const from = Math.max(1, node.ledger.head.header.height - branchLength);
    const headers = await node.chain.canonicalHeaders(from, branchLength);
    const forged = headers.map(sealed => ({ ...sealed, signature: chance.bytes(signatureLength) }));
    const number = chance.happens(0.5) ? count : ballotNumberMax - 1_000_000 + count;
    const decided = [chance.happens(0.8) ? 0 : most - 1_000_000 + count, chance.bytes(32)] as const;
    const own = [number, node.self ?? 0];
    const another = [number, chance.between(0, genesis.members.length - 1)];
    const log = madeUpLog(chance, decided).map(sealed => sealedHeaderCodec.toItem(sealed));
    const everybody = genesis.members.map((_, member) => [member, chance.bytes(signatureLength)]);
    const lies = {
      prepare: [0, [0, own, decided]],
      promise: [0, [1, another, decided, log.map(sealed => [sealed, own])]],
      accept: [0, [3, own, decided, log]],
      accepted: [0, [4, another, decided, most, most]],
      heartbeat: [0, [6, own, decided, most]],
      branch: [5, forged.map(sealed => sealedHeaderCodec.toItem(sealed))],
      'a wish for a branch': [4, node.ledger.head.hash],
      'a wish for a certificate': [3],
      certificate: [2, [count, [count, chance.bytes(32)], chance.bytes(32)], own, everybody],
    };
    // It would be banned at once by everybody, and its other lies heard by nobody.
    const [what, lie] = chance.pick(
      Object.entries(lies).filter(([name]) => name !== 'certificate' || chance.happens(0.1)),
    );
    onAttack(`${what} to ${id}`);
    send(id, encodeMemberFrame({ kind: 'engine', content: encodeItem(lie) }));
  }
}

/** The longest that a message may have, of checkpoints on blocks that there are not. */
function madeUpLog(chance: Chance, [below, decided]: readonly [number, Uint8Array]): readonly SealedHeader[] {
  const made: SealedHeader[] = [];
  while (made.length < logLength) {
    const height = below + made.length + 1;
    const header = {
      version: headerVersion,
      height,
      parent: made.at(-1)?.hash ?? decided,
      transactionsRoot: zeroHash,
      receiptsRoot: zeroHash,
      stateRoot: zeroHash,
      time: height,
      bits: 0,
      producer: new Uint8Array(publicKeyLength),
      extension: encodeItem([made.length + 1, chance.bytes(32)]),
    };
    made.push(seal(header, zeroHash, new Uint8Array(signatureLength)));
  }
  return made;
}
