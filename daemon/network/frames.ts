/**
 * Frames in what a stream brings: each is a varint length and so many bytes. The length is checked against the limit before anything is
 * kept for it.
 */
import type { LengthDecoderFunction } from 'it-length-prefixed';
import { concat } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';

/** A socket's chunks are of this size. */
const copiedBytesMax = 65_536;
/** A length below 2^28 has at most 4 bytes. */
const lengthBytesMax = 4;

export class Frames {
  readonly #frameBytesMax: number;
  readonly #decodeLength = shortestLength();
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #needed = 1;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Bytes that came and are in no frame that was taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether more must come before there can be a frame. */
  get needsMore(): boolean {
    return this.#bytes < this.#needed;
  }

  put(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The next frame; null when it is not whole yet. Throws KvchainError TOO_LARGE, and BAD_MESSAGE for a length that lies. */
  take(): Uint8Array | null {
    if (this.needsMore) return null;
    const [first] = this.#chunks;
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : concat(...this.#chunks);
    const end = this.#endOf(bytes);
    if (end === null || end > bytes.length) {
      this.#chunks = [bytes];
      this.#needed = end ?? bytes.length + 1;
      return null;
    }
    this.#chunks = end < bytes.length ? [bytes.subarray(end)] : [];
    this.#bytes = bytes.length - end;
    this.#needed = 1;
    return toBytes(bytes.subarray(this.#decodeLength.bytes, end));
  }

  /** Where the first frame ends; null while its length is not complete. */
  #endOf(bytes: Uint8Array): number | null {
    if (bytes.length < lengthBytesMax && bytes.every(byte => byte >= 0x80)) return null;
    const length = this.#decodeLength({ byteLength: bytes.length, get: index => bytes[index] ?? 0 });
    if (length > this.#frameBytesMax) {
      throw new KvchainError('TOO_LARGE', `frame too large: ${length} bytes, at most ${this.#frameBytesMax}`);
    }
    return this.#decodeLength.bytes + length;
  }
}

/**
 * Reads a varint that is written in as few bytes as it needs; RangeError means that bytes are still to come. Throws KvchainError
 * BAD_MESSAGE for a longer form and TOO_LARGE from 2^28 on.
 */
export function shortestLength(): ShortestLength {
  const read = (bytes: ByteList): number => {
    let length = 0;
    for (let index = 0; index < lengthBytesMax; index++) {
      if (index >= bytes.byteLength) throw new RangeError('the length is not complete');
      const byte = bytes.get(index);
      length += (byte & 0x7f) * 2 ** (7 * index);
      if (byte >= 0x80) continue;
      if (byte === 0 && index > 0) throw new KvchainError('BAD_MESSAGE', 'a frame length is not in its shortest form');
      decoder.bytes = index + 1;
      return length;
    }
    throw new KvchainError('TOO_LARGE', `a frame length has more than ${lengthBytesMax} bytes`);
  };
  const decoder: ShortestLength = Object.assign(read, { bytes: 0 });
  return decoder;
}

interface ByteList {
  readonly byteLength: number;
  get(index: number): number;
}

type ShortestLength = ((bytes: ByteList) => number) & LengthDecoderFunction;

/** Plain bytes, not Node's Buffer; a small frame is copied, or whoever keeps it keeps the whole chunk of the socket that it came in. */
function toBytes(frame: Uint8Array): Uint8Array {
  if (frame.length <= copiedBytesMax) return new Uint8Array(frame);
  return new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength);
}
