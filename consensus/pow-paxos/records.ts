/** What a node must not forget: what it promised and accepted as a member, and the highest checkpoint that is final. */
import { type Codec, expectArray, fail } from '../../chain/codec.ts';
import { unreachable } from '../../chain/errors.ts';
import { withKind } from '../paxos/messages.ts';
import { type LogRecord as PaxosRecord, recordCodec as paxosCodec } from '../paxos/records.ts';
import { type Certificate, certificateCodec } from './certificate.ts';
import { type Checkpoint, checkpointCodec } from './checkpoint.ts';

export type LogRecord =
  | { readonly type: 'paxos'; readonly paxos: PaxosRecord }
  /** Decided by this member's own Paxos. */
  | { readonly type: 'final'; readonly checkpoint: Checkpoint }
  | { readonly type: 'certificate'; readonly certificate: Certificate };

/** What a record makes final. */
export function finalOf(record: Exclude<LogRecord, { type: 'paxos' }>): Checkpoint {
  return record.type === 'final' ? record.checkpoint : record.certificate.checkpoint;
}

/** [kind, ...]: 0 paxos, 1 final, 2 certificate. */
export const recordCodec: Codec<LogRecord> = {
  toItem: record => {
    switch (record.type) {
      case 'paxos':
        return [0, paxosCodec.toItem(record.paxos)];
      case 'final':
        return [1, checkpointCodec.toItem(record.checkpoint)];
      case 'certificate':
        return withKind(2, certificateCodec, record.certificate);
      default:
        return unreachable(record);
    }
  },
  fromItem: item => {
    const [kind, ...fields] = expectArray(item);
    switch (kind) {
      case 0:
        return { type: 'paxos', paxos: paxosCodec.fromItem(expectArray(fields, 1)[0]) };
      case 1:
        return { type: 'final', checkpoint: checkpointCodec.fromItem(expectArray(fields, 1)[0]) };
      case 2:
        return { type: 'certificate', certificate: certificateCodec.fromItem(fields) };
      default:
        return fail('BAD_ENCODING', 'a record of a kind that pow-paxos does not have');
    }
  },
};
