/** SHA-256 as the protocol uses it: plain, tagged by its purpose, and in batches of 64-byte pairs. */
import { hashPairsInto, sha256, sha256Into } from '#sha256';
import { concat, toUtf8 } from './bytes.ts';

export { hashPairsInto, sha256, sha256Into };

/** 32 zero bytes: the root of an empty tree, and "no hash". */
export const zeroHash: Uint8Array = new Uint8Array(32);

/** SHA-256(tag || parts): the tag keeps what is signed or hashed for one purpose from being taken for another. */
export function taggedHash(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(tagged(tag, ...parts));
}

/** tag || parts: what `taggedHash` hashes, for who hashes it elsewhere. */
export function tagged(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return concat(toUtf8(tag), ...parts);
}
