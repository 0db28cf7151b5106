/**
 * What members say to each other. Every message names a ballot and the point up to which its sender knows the chain to be decided: that
 * is the first uncommitted index of the rules, less one, and the Decide that rides along on everything. Blocks travel as sealed headers
 * alone; bodies take the roads of gossip and sync.
 */
import { type SealedHeader, sealedHeaderCodec } from '../../chain/block.ts';
import { type Codec, expectArray, fail, list, nullable, type StructCodec, struct, uint } from '../../chain/codec.ts';
import { unreachable } from '../../chain/errors.ts';
import { type Ballot, ballotCodec, type Point, pointCodec } from './ballot.ts';

/** Tentative blocks above the decided ones, on any member and in any message. */
export const tentativeMax = 64;

/** A block that was accepted and is not known to be decided, with the ballot in which it was accepted last. */
export interface Entry {
  readonly sealed: SealedHeader;
  readonly ballot: Ballot;
}

interface Said {
  readonly ballot: Ballot;
  /** What the sender knows to be decided. */
  readonly decided: Point;
}

/** Phase 1: its depth is `decided.height + 1`. */
export interface Prepare extends Said {
  readonly type: 'prepare';
}
export interface PromiseMessage extends Said {
  readonly type: 'promise';
  /** Everything that the sender accepted above `decided`, lowest first. */
  readonly tentative: readonly Entry[];
}
/** `promised`: the ballot that made the sender refuse; one that is not above the refused ballot refuses because of depth. */
export interface Nack extends Said {
  readonly type: 'nack';
  readonly promised: Ballot;
}
/** Phase 2: blocks of consecutive heights, each the parent of the next, at least one. */
export interface Accept extends Said {
  readonly type: 'accept';
  readonly headers: readonly SealedHeader[];
}
/** `upTo`: all of this ballot's blocks up to that height are accepted, or decided. */
export interface Accepted extends Said {
  readonly type: 'accepted';
  readonly upTo: number;
  /** Of the heartbeat that this answers; 0 for an Accept. */
  readonly round: number;
}
export interface Decide extends Said {
  readonly type: 'decide';
}
/** `round` grows with each that a read needs: who answers it had promised no higher ballot when the read had begun. */
export interface Heartbeat extends Said {
  readonly type: 'heartbeat';
  readonly round: number;
}
/** To the leader of this ballot: how high must the ledger stand for a read that begins now? */
export interface Ask extends Said {
  readonly type: 'ask';
  readonly id: number;
}
/** The answer; null when the leader cannot tell. */
export interface Index extends Said {
  readonly type: 'index';
  readonly id: number;
  readonly height: number | null;
}

export type Message = Prepare | PromiseMessage | Nack | Accept | Accepted | Decide | Heartbeat | Ask | Index;

const said = { ballot: ballotCodec, decided: pointCodec };
export const headersCodec: Codec<readonly SealedHeader[]> = atLeastOne(list(sealedHeaderCodec, tentativeMax));
const entryCodec: Codec<Entry> = struct<Entry>({ sealed: sealedHeaderCodec, ballot: ballotCodec });

const plainCodec = struct<Said>(said);
const promiseCodec = struct<Omit<PromiseMessage, 'type'>>({ ...said, tentative: list(entryCodec, tentativeMax) });
const nackCodec = struct<Omit<Nack, 'type'>>({ ...said, promised: ballotCodec });
const acceptCodec = struct<Omit<Accept, 'type'>>({ ...said, headers: headersCodec });
const acceptedCodec = struct<Omit<Accepted, 'type'>>({ ...said, upTo: uint(), round: uint() });
const heartbeatCodec = struct<Omit<Heartbeat, 'type'>>({ ...said, round: uint() });
const askCodec = struct<Omit<Ask, 'type'>>({ ...said, id: uint() });
const indexCodec = struct<Omit<Index, 'type'>>({ ...said, id: uint(), height: nullable(uint()) });

/** [kind, ballot, decided, ...]: kinds 0 to 8 in the order of `Message`. */
export const messageCodec: Codec<Message> = {
  toItem: message => {
    switch (message.type) {
      case 'prepare':
        return withKind(0, plainCodec, message);
      case 'promise':
        return withKind(1, promiseCodec, message);
      case 'nack':
        return withKind(2, nackCodec, message);
      case 'accept':
        return withKind(3, acceptCodec, message);
      case 'accepted':
        return withKind(4, acceptedCodec, message);
      case 'decide':
        return withKind(5, plainCodec, message);
      case 'heartbeat':
        return withKind(6, heartbeatCodec, message);
      case 'ask':
        return withKind(7, askCodec, message);
      case 'index':
        return withKind(8, indexCodec, message);
      default:
        return unreachable(message);
    }
  },
  fromItem: item => {
    const [kind, ...fields] = expectArray(item);
    switch (kind) {
      case 0:
        return { type: 'prepare', ...plainCodec.fromItem(fields) };
      case 1:
        return { type: 'promise', ...promiseCodec.fromItem(fields) };
      case 2:
        return { type: 'nack', ...nackCodec.fromItem(fields) };
      case 3:
        return { type: 'accept', ...acceptCodec.fromItem(fields) };
      case 4:
        return { type: 'accepted', ...acceptedCodec.fromItem(fields) };
      case 5:
        return { type: 'decide', ...plainCodec.fromItem(fields) };
      case 6:
        return { type: 'heartbeat', ...heartbeatCodec.fromItem(fields) };
      case 7:
        return { type: 'ask', ...askCodec.fromItem(fields) };
      case 8:
        return { type: 'index', ...indexCodec.fromItem(fields) };
      default:
        return fail('BAD_MESSAGE', 'a message of a kind that paxos does not have');
    }
  },
};

/** For traces: the kind, the ballot with the depth that the message is about, and how many blocks it names. */
export function describe(message: Message): Readonly<Record<string, string | number>> {
  const { type, ballot, decided } = message;
  const about = { type, number: ballot.number, member: ballot.member };
  switch (message.type) {
    case 'accept':
      return { ...about, depth: message.headers[0]?.header.height ?? 0, blocks: message.headers.length };
    case 'accepted':
      return { ...about, depth: message.upTo };
    case 'promise':
      return { ...about, depth: decided.height + 1, blocks: message.tentative.length };
    case 'prepare':
    case 'nack':
      return { ...about, depth: decided.height + 1 };
    case 'decide':
    case 'heartbeat':
    case 'ask':
    case 'index':
      return { ...about, depth: decided.height };
    default:
      return unreachable(message);
  }
}

/** A variant of a tagged union as an array that begins with its number. */
export function withKind<T>(kind: number, codec: StructCodec<T>, value: T) {
  return [kind, ...codec.toItem(value)];
}

function atLeastOne<T>(codec: Codec<readonly T[]>): Codec<readonly T[]> {
  return {
    toItem: codec.toItem,
    fromItem: item => {
      const values = codec.fromItem(item);
      return values.length > 0 ? values : fail('BAD_ENCODING', 'an empty list where at least one is expected');
    },
  };
}
