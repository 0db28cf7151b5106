/** The search for the nonce of one header, a trial at a time, with the real hash. */
import { contentHash, type Header, type SealedHeader, seal } from '../../chain/block.ts';
import { compareBytes } from '../../chain/bytes.ts';
import { sha256 } from '../../chain/hash.ts';
import { signatureLength } from '../../chain/keys.ts';
import { decodeBits, targetToBytes } from '../../chain/target.ts';

const noSignature = new Uint8Array(signatureLength);

export class NonceSearch {
  readonly #header: Header;
  readonly #target: Uint8Array;
  /** contentHash || nonce: what is hashed. */
  readonly #input = new Uint8Array(64);
  readonly #counter = new DataView(this.#input.buffer, 60);

  /** `start` (32 bytes) is the first nonce; its last four bytes count. */
  constructor(header: Header, start: Uint8Array) {
    this.#header = header;
    this.#target = targetToBytes(decodeBits(header.bits) ?? 0n);
    this.#input.set(contentHash(header));
    this.#input.set(start, 32);
  }

  /** Tries one nonce; gives the block when it was the right one. */
  try(): SealedHeader | null {
    const isFound = compareBytes(sha256(this.#input), this.#target) <= 0;
    if (isFound) return seal(this.#header, this.#input.slice(32), noSignature);
    this.#counter.setUint32(0, this.#counter.getUint32(0) + 1);
    return null;
  }
}
