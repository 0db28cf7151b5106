/** A header out of its JSON: what a light client hashes again, so that nothing of the answer is taken on trust. */
import { headerCodec, type SealedHeader, seal } from '../../chain/block.ts';
import { decodeBytes, encode } from '../../chain/codec.ts';
import { accept, type Result, reject } from '../../chain/errors.ts';
import { checkedHex } from './hex.ts';
import type { HeaderJson } from './schemas.ts';

const headerBytesMax = 1_024;

/** The sealed header, its hash computed anew. Errors: BAD_MESSAGE when a field is out of bounds, or the hash is another. */
export function headerFromJson(json: HeaderJson): Result<SealedHeader> {
  const header = {
    version: json.version,
    height: json.height,
    parent: checkedHex(json.parent),
    transactionsRoot: checkedHex(json.transactionsRoot),
    receiptsRoot: checkedHex(json.receiptsRoot),
    stateRoot: checkedHex(json.stateRoot),
    time: json.time,
    bits: json.bits,
    producer: checkedHex(json.producer),
    extension: checkedHex(json.extension),
  };
  const decoded = decodeBytes(headerCodec, encode(headerCodec, header), headerBytesMax);
  const signature = checkedHex(json.signature);
  if (!decoded.ok || signature.length !== 64)
    return reject('BAD_MESSAGE', `the header of height ${json.height} is malformed`);
  const sealed = seal(header, checkedHex(json.nonce), signature);
  if (sealed.hashHex !== json.hash.toLowerCase()) {
    return reject('BAD_MESSAGE', `the header of height ${json.height} has another hash than the node says`);
  }
  return accept(sealed);
}
