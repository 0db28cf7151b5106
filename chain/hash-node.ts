/**
 * SHA-256 where Node.js runs: OpenSSL for single inputs, a native batch hasher (SHA-NI, AVX) for runs of 64-byte inputs.
 * Chosen by the conditional import `#sha256`; `hash-portable.ts` is its twin for browsers.
 */
import { hash } from 'node:crypto';
import { createRequire } from 'node:module';

type HashInto = (input: Uint8Array, output: Uint8Array) => void;

/** SHA-256 of `data`; 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  const digest = new Uint8Array(32);
  sha256Into(data, digest, 0);
  return digest;
}

/** Writes SHA-256 of `data` to the 32 bytes at `offset` of `output`. */
export function sha256Into(data: Uint8Array, output: Uint8Array, offset: number): void {
  // As a string of one character a byte the digest crosses from C++ in a third of the time that a Buffer takes.
  const characters = hash('sha256', data, 'latin1');
  for (let index = 0; index < 32; index++) output[offset + index] = characters.charCodeAt(index);
}

/** Hashes each 64-byte record of `input` into the 32-byte record of `output` at the same index. */
export const hashPairsInto: HashInto = loadBatchHasher() ?? hashPairsOneByOne;

/** The prebuilt library throws on load where it has no build for the machine: then single hashes do the work, slower. */
function loadBatchHasher(): HashInto | null {
  try {
    const library: { hashInto: HashInto } = createRequire(import.meta.url)('@chainsafe/hashtree');
    return library.hashInto;
  } catch {
    return null;
  }
}

function hashPairsOneByOne(input: Uint8Array, output: Uint8Array): void {
  for (let index = 0; index * 64 < input.length; index++) {
    output.set(sha256(input.subarray(index * 64, index * 64 + 64)), index * 32);
  }
}
