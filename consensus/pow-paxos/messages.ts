/**
 * What nodes say to each other about finality. Members speak Paxos, vote and help each other to a proposed block; a certificate convinces
 * everybody, whoever sends it.
 */
import { type SealedHeader, sealedHeaderCodec } from '../../chain/block.ts';
import { type Codec, expectArray, fail, hash32, list, struct } from '../../chain/codec.ts';
import { unreachable } from '../../chain/errors.ts';
import { type Message as PaxosMessage, messageCodec as paxosCodec, withKind } from '../paxos/messages.ts';
import { type Certificate, certificateCodec, type Vote, voteCodec } from './certificate.ts';

/** Headers in one answer about a branch. */
export const branchMax = 500;

export type Message =
  /** Multi-Paxos over checkpoints. */
  | { readonly type: 'paxos'; readonly paxos: PaxosMessage }
  /** F-4: the sender accepted this. */
  | { readonly type: 'vote'; readonly vote: Vote }
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  /** The sender lacks checkpoints: whoever has a certificate gives it. */
  | { readonly type: 'wantCertificate' }
  /** F-2: the sender lacks the header of a proposed block. */
  | { readonly type: 'wantBranch'; readonly block: Uint8Array }
  /** Headers from the last final block of the sender up to the block that was asked for, oldest first. */
  | { readonly type: 'branch'; readonly headers: readonly SealedHeader[] };

interface Wanted {
  readonly block: Uint8Array;
}
interface Branch {
  readonly headers: readonly SealedHeader[];
}
const wantBranchCodec = struct<Wanted>({ block: hash32 });
const branchCodec = struct<Branch>({ headers: list(sealedHeaderCodec, branchMax) });

/** [kind, ...]: kinds 0 to 5 in the order of `Message`. */
export const messageCodec: Codec<Message> = {
  toItem: message => {
    switch (message.type) {
      case 'paxos':
        return [0, paxosCodec.toItem(message.paxos)];
      case 'vote':
        return withKind(1, voteCodec, message.vote);
      case 'certificate':
        return withKind(2, certificateCodec, message.certificate);
      case 'wantCertificate':
        return [3];
      case 'wantBranch':
        return withKind(4, wantBranchCodec, message);
      case 'branch':
        return withKind(5, branchCodec, message);
      default:
        return unreachable(message);
    }
  },
  fromItem: item => {
    const [kind, ...fields] = expectArray(item);
    switch (kind) {
      case 0:
        return { type: 'paxos', paxos: paxosCodec.fromItem(expectArray(fields, 1)[0]) };
      case 1:
        return { type: 'vote', vote: voteCodec.fromItem(fields) };
      case 2:
        return { type: 'certificate', certificate: certificateCodec.fromItem(fields) };
      case 3:
        expectArray(fields, 0);
        return { type: 'wantCertificate' };
      case 4:
        return { type: 'wantBranch', ...wantBranchCodec.fromItem(fields) };
      case 5:
        return { type: 'branch', ...branchCodec.fromItem(fields) };
      default:
        return fail('BAD_MESSAGE', 'a message of a kind that pow-paxos does not have');
    }
  },
};
