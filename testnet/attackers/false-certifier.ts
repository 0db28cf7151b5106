/**
 * The attack: certificates of blocks that nobody decided on, in the place of the chain, signed by nobody or with made-up signatures of everybody, so that all
 * others wait for a block that there is not. The defence: a certificate counts with good signatures of a majority of distinct members (F-4, F-I4), and
 * whoever sends another one pays. THREATS.md P2.
 */
import { encodeItem } from '../../chain/codec.ts';
import { signatureLength } from '../../chain/keys.ts';
import type { Node } from '../../daemon/node.ts';
import { encodeMemberFrame } from '../../daemon/wire.ts';
import { type AttackerParts, keepAttacking, type Policy, type Voice } from './policy.ts';

const pauseMs = 4_000;
/** Checkpoints that no chain reaches. */
const numberMin = 1_000_000;
/** docs/protocol/finality.md. */
const certificateKind = 2;

export function falseCertifier(parts: AttackerParts): Policy {
  const { self, genesis, chance, deeds, onAttack } = parts;
  let isSigned = true;
  return { begin: (node, voice) => keepAttacking(parts, pauseMs, () => attack(node, voice)) };

  /** One peer a time, for whoever hears it bans the attacker. */
  async function attack(node: Node, { peers, send }: Voice): Promise<void> {
    const known = peers();
    if (known.length === 0) return;
    const { id } = chance.pick(known);
    const height = node.ledger.head.header.height + 1;
    const everybody = genesis.members.map((_, member) => [member, chance.bytes(signatureLength)]);
    isSigned = !isSigned;
    const checkpoint = [numberMin + height, [height, chance.bytes(32)], chance.bytes(32)];
    const content = encodeItem([certificateKind, checkpoint, [1, 0], isSigned ? everybody : []]);
    deeds.offence(self);
    onAttack(`a certificate ${isSigned ? 'with made-up signatures' : 'that nobody signed'} to ${id}`);
    send(id, encodeMemberFrame({ kind: 'engine', content }));
  }
}
