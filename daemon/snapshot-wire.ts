/** The requests and answers by which a node takes over the state at a block (docs/protocol/network.md); checked parts are chain/snapshot.ts. */
import {
  byteString,
  type Codec,
  decodeBytes,
  encode,
  expectArray,
  fail,
  hash32,
  list,
  nullable,
  struct,
  text,
  uint,
} from '../chain/codec.ts';
import { type Result, unreachable } from '../chain/errors.ts';
import type { HeightHash } from '../chain/layout.ts';
import { valueBytesMax } from '../chain/operation.ts';
import { isPrefix, pathDigits, type SnapshotLeaf, type SnapshotPart, splitWays } from '../chain/snapshot.ts';
import { recordBytesMax, stateKeyBytesMax } from '../chain/state.ts';
import type { Subtree } from '../chain/state-tree-proof.ts';

export const snapshotWireLimits = {
  /** Snapshots that one peer offers. */
  offersMax: 16,
  /** Prefixes in one request; the answer stops early at `answerBytesMax`. */
  prefixesMax: 64,
  /** Leaves in one part; where more stand under a prefix, it is split. */
  leavesPerPartMax: 1_024,
  /** An answer with parts, of which each has about half of it at most. */
  answerBytesMax: 1_572_864,
} as const;

/** What a node asks of one peer that holds a state which it may take over. */
export type SnapshotRequest =
  /** The blocks whose state the peer can give. */
  | { readonly type: 'getSnapshots' }
  /** What stood under these prefixes in the state after a block. */
  | { readonly type: 'getState'; readonly block: Uint8Array; readonly prefixes: readonly string[] };

export function isSnapshotRequest(request: { readonly type: string }): request is SnapshotRequest {
  return request.type === 'getSnapshots' || request.type === 'getState';
}

type GetState = Extract<SnapshotRequest, { type: 'getState' }>;

const prefixCodec: Codec<string> = {
  toItem: prefix => prefix,
  fromItem: item => {
    const prefix = text(0, pathDigits).fromItem(item);
    return isPrefix(prefix) ? prefix : fail('BAD_MESSAGE', `no prefix: ${JSON.stringify(prefix)}`);
  },
};

export const getSnapshotsCodec: Codec<object> = struct<object>({});
export const getStateCodec: Codec<Omit<GetState, 'type'>> = struct<Omit<GetState, 'type'>>({
  block: hash32,
  prefixes: list(prefixCodec, snapshotWireLimits.prefixesMax),
});

const offersAnswer = list(struct<HeightHash>({ height: uint(), hash: hash32 }), snapshotWireLimits.offersMax);

const flagCodec: Codec<boolean> = {
  toItem: value => (value ? 1 : 0),
  fromItem: item => (item === 1 ? true : item === 0 ? false : fail('BAD_ENCODING', 'a flag is 0 or 1')),
};
const childrenCodec = list(nullable(struct<Subtree>({ hash: hash32, isLeaf: flagCodec })), splitWays);
const leavesCodec = list(
  struct<SnapshotLeaf>({
    stateKey: byteString(1, stateKeyBytesMax),
    record: byteString(0, recordBytesMax),
    value: nullable(byteString(0, valueBytesMax)),
  }),
  snapshotWireLimits.leavesPerPartMax,
);

const partCodec: Codec<SnapshotPart> = {
  toItem: part => {
    switch (part.type) {
      case 'split':
        return [0, childrenCodec.toItem(part.children)];
      case 'leaves':
        return [1, leavesCodec.toItem(part.leaves)];
      default:
        return unreachable(part);
    }
  },
  fromItem: item => {
    const [number, fields] = expectArray(item, 2);
    switch (number) {
      case 0:
        return { type: 'split', children: childrenCodec.fromItem(fields) };
      case 1:
        return { type: 'leaves', leaves: leavesCodec.fromItem(fields) };
      default:
        return fail('BAD_MESSAGE', `unknown part of a state: ${String(number).slice(0, 20)}`);
    }
  },
};
const partsAnswer = list(partCodec, snapshotWireLimits.prefixesMax);

export function encodeOffers(offers: readonly HeightHash[]): Uint8Array {
  return encode(offersAnswer, offers);
}

export function decodeOffers(bytes: Uint8Array): Result<readonly HeightHash[]> {
  return decodeBytes(offersAnswer, bytes, snapshotWireLimits.answerBytesMax);
}

export function encodeParts(parts: readonly SnapshotPart[]): Uint8Array {
  return encode(partsAnswer, parts);
}

export function decodeParts(bytes: Uint8Array): Result<readonly SnapshotPart[]> {
  return decodeBytes(partsAnswer, bytes, snapshotWireLimits.answerBytesMax);
}
