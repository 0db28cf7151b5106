/**
 * What a member must not forget: the ballots that it promised, what it accepted, and what it knows to be decided. `recover` folds them
 * with the functions that made them (block-log.ts), so what a crash leaves is what was said.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { type Codec, expectArray, fail, struct } from '../../chain/codec.ts';
import { unreachable } from '../../chain/errors.ts';
import { type Ballot, ballotCodec, type Point, pointCodec } from './ballot.ts';
import { headersCodec, withKind } from './messages.ts';

/** Own ballots are promised to oneself, so the highest one that was ever used is never above `promised` (B-L1). */
export interface PromisedRecord {
  readonly type: 'promised';
  readonly ballot: Ballot;
}
/** Whole headers, so that what was accepted is known whatever became of the stored blocks. */
export interface AcceptedRecord {
  readonly type: 'accepted';
  readonly ballot: Ballot;
  readonly headers: readonly SealedHeader[];
}
export interface DecidedRecord {
  readonly type: 'decided';
  readonly point: Point;
}

export type LogRecord = PromisedRecord | AcceptedRecord | DecidedRecord;

const promisedCodec = struct<Omit<PromisedRecord, 'type'>>({ ballot: ballotCodec });
const acceptedCodec = struct<Omit<AcceptedRecord, 'type'>>({ ballot: ballotCodec, headers: headersCodec });
const decidedCodec = struct<Omit<DecidedRecord, 'type'>>({ point: pointCodec });

/** [kind, ...]: 0 promised, 1 accepted, 2 decided. */
export const recordCodec: Codec<LogRecord> = {
  toItem: record => {
    switch (record.type) {
      case 'promised':
        return withKind(0, promisedCodec, record);
      case 'accepted':
        return withKind(1, acceptedCodec, record);
      case 'decided':
        return withKind(2, decidedCodec, record);
      default:
        return unreachable(record);
    }
  },
  fromItem: item => {
    const [kind, ...fields] = expectArray(item);
    switch (kind) {
      case 0:
        return { type: 'promised', ...promisedCodec.fromItem(fields) };
      case 1:
        return { type: 'accepted', ...acceptedCodec.fromItem(fields) };
      case 2:
        return { type: 'decided', ...decidedCodec.fromItem(fields) };
      default:
        return fail('BAD_ENCODING', 'a record of a kind that paxos does not have');
    }
  },
};
