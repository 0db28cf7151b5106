/**
 * Checkpoints: what the committee decides, one after the other. A checkpoint takes the form of a header without a body, so that the
 * Multi-Paxos that orders blocks orders them too: its height is its number, its parent the checkpoint before it, and its extension names
 * the block that it makes final. The hash of that header is the checkpoint's id. docs/protocol/finality.md has the bytes.
 */
import { type Header, headerVersion, type SealedHeader, seal } from '../../chain/block.ts';
import { equalBytes } from '../../chain/bytes.ts';
import { type Codec, decodeBytes, encode, hash32, struct, uint } from '../../chain/codec.ts';
import { accept, type Result, reject } from '../../chain/errors.ts';
import { zeroHash } from '../../chain/hash.ts';
import { publicKeyLength, signatureLength } from '../../chain/keys.ts';
import { type Point, pointCodec } from '../paxos/ballot.ts';

/** CP_k. */
export interface Checkpoint {
  /** k: 0 is the genesis. */
  readonly number: number;
  /** The block that is final with it, and all below. */
  readonly block: Point;
  /** The id of checkpoint k - 1; zeros for checkpoint 0. */
  readonly previous: Uint8Array;
}

export const checkpointCodec: Codec<Checkpoint> = struct<Checkpoint>({
  number: uint(),
  block: pointCodec,
  previous: hash32,
});

/** Of the extension, in which a checkpoint names its block. */
const extensionBytesMax = 64;
const noKey = new Uint8Array(publicKeyLength);
const noSignature = new Uint8Array(signatureLength);

/** The checkpoint as the committee's Paxos orders it. Its time is its number, so it grows and no clock is in it. */
export function sealCheckpoint({ number, block, previous }: Checkpoint): SealedHeader {
  const header: Header = {
    version: headerVersion,
    height: number,
    parent: previous,
    transactionsRoot: zeroHash,
    receiptsRoot: zeroHash,
    stateRoot: zeroHash,
    time: number,
    bits: 0,
    producer: noKey,
    extension: encode(pointCodec, block),
  };
  return seal(header, zeroHash, noSignature);
}

/** Null for a header that is not the form of a checkpoint. */
export function checkpointOf(sealed: SealedHeader): Checkpoint | null {
  const { height, parent, extension } = sealed.header;
  const block = decodeBytes(pointCodec, extension, extensionBytesMax);
  if (!block.ok) return null;
  const checkpoint = { number: height, block: block.value, previous: parent };
  return sealCheckpoint(checkpoint).hashHex === sealed.hashHex ? checkpoint : null;
}

/** B-A6 of a checkpoint: nothing but what its bytes say. Code: BAD_HEADER. */
export function checkCheckpoint(sealed: SealedHeader): Result<null> {
  if (checkpointOf(sealed) !== null) return accept(null);
  return reject('BAD_HEADER', `${sealed.hashHex} at number ${sealed.header.height} is not the form of a checkpoint`);
}

export function idOf(checkpoint: Checkpoint): Uint8Array {
  return sealCheckpoint(checkpoint).hash;
}

/** Checkpoint 0 makes block 0 final. */
export function firstCheckpoint({ hash }: SealedHeader): Checkpoint {
  return { number: 0, block: { height: 0, hash }, previous: zeroHash };
}

export function isSame(a: Checkpoint, b: Checkpoint): boolean {
  return a.number === b.number && equalBytes(idOf(a), idOf(b));
}
