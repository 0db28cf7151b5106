/**
 * How checks travel to a worker: one after the other in one buffer that is transferred and not copied; each is the length of its message
 * (4 bytes, big-endian), the message, the signature and the public key.
 */
import { sha256 } from '../../chain/hash.ts';
import type { SignatureVerify } from '../../chain/keys.ts';
import type { SignatureCheck } from '../ports.ts';

const lengthBytes = 4;
const signatureBytes = 64;
const keyBytes = 33;

/** A chunk on its way to a worker. */
export interface PackedChunk {
  readonly id: number;
  readonly count: number;
  readonly packed: Uint8Array<ArrayBuffer>;
}

/** What a worker says: once, how it checks; then the answers to each chunk, one byte a check. */
export type WorkerReply =
  | { readonly type: 'ready'; readonly fallbackReason: string | null }
  | { readonly type: 'answers'; readonly id: number; readonly answers: Uint8Array<ArrayBuffer> };

/** True when signature and key have the lengths that can be packed; any other check is false without a look. */
export function isPackable({ signature, publicKey }: SignatureCheck): boolean {
  return signature.length === signatureBytes && publicKey.length === keyBytes;
}

export function packChecks(checks: readonly SignatureCheck[]): Uint8Array<ArrayBuffer> {
  let size = checks.length * (lengthBytes + signatureBytes + keyBytes);
  for (const { message } of checks) size += message.length;
  const packed = new Uint8Array(size);
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { message, signature, publicKey } of checks) {
    view.setUint32(at, message.length);
    packed.set(message, at + lengthBytes);
    at += lengthBytes + message.length;
    packed.set(signature, at);
    packed.set(publicKey, at + signatureBytes);
    at += signatureBytes + keyBytes;
  }
  return packed;
}

/** One byte a check: 1 for a signature that verifies. */
export function verifyPacked({ packed, count }: PackedChunk, verify: SignatureVerify): Uint8Array<ArrayBuffer> {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const answers = new Uint8Array(count);
  let at = 0;
  for (let index = 0; index < count; index++) {
    const messageEnd = at + lengthBytes + view.getUint32(at);
    const signatureEnd = messageEnd + signatureBytes;
    const digest = sha256(packed.subarray(at + lengthBytes, messageEnd));
    const signature = packed.subarray(messageEnd, signatureEnd);
    at = signatureEnd + keyBytes;
    answers[index] = verify(digest, signature, packed.subarray(signatureEnd, at)) ? 1 : 0;
  }
  return answers;
}
