/** SHA-256 where Node.js does not run (browsers): the twin of `hash-node.ts`, chosen by the conditional import `#sha256`. */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/** SHA-256 of `data`; 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return nobleSha256(data);
}

/** Writes SHA-256 of `data` to the 32 bytes at `offset` of `output`. */
export function sha256Into(data: Uint8Array, output: Uint8Array, offset: number): void {
  output.set(nobleSha256(data), offset);
}

/** Hashes each 64-byte record of `input` into the 32-byte record of `output` at the same index. */
export function hashPairsInto(input: Uint8Array, output: Uint8Array): void {
  for (let index = 0; index * 64 < input.length; index++) {
    output.set(nobleSha256(input.subarray(index * 64, index * 64 + 64)), index * 32);
  }
}
