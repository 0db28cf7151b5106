/** How checks travel to a worker: 129 bytes each, one after the other, in one buffer that is transferred and not copied. */
import type { SignatureCheck } from '../ports.ts';
import { digestLength, type SignatureVerify } from './signature-check.ts';

const signatureEnd = digestLength + 64;
const checkLength = signatureEnd + 33;

/** A chunk on its way to a worker; `packed` is as many checks as fit its length. */
export interface PackedChunk {
  readonly id: number;
  readonly packed: Uint8Array<ArrayBuffer>;
}

/** What a worker says: once, how it checks; then the answers to each chunk, one byte a check. */
export type WorkerReply =
  | { readonly type: 'ready'; readonly fallbackReason: string | null }
  | { readonly type: 'answers'; readonly id: number; readonly answers: Uint8Array<ArrayBuffer> };

/** True when the three parts have the lengths that can be packed; any other check is false without a look. */
export function isPackable({ digest, signature, publicKey }: SignatureCheck): boolean {
  return digest.length === digestLength && signature.length === 64 && publicKey.length === 33;
}

export function packChecks(checks: readonly SignatureCheck[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(checks.length * checkLength);
  checks.forEach(({ digest, signature, publicKey }, index) => {
    const start = index * checkLength;
    packed.set(digest, start);
    packed.set(signature, start + digestLength);
    packed.set(publicKey, start + signatureEnd);
  });
  return packed;
}

/** One byte a check: 1 for a signature that verifies. */
export function verifyPacked(packed: Uint8Array, verify: SignatureVerify): Uint8Array<ArrayBuffer> {
  const answers = new Uint8Array(packed.length / checkLength);
  for (let index = 0; index < answers.length; index++) {
    const start = index * checkLength;
    const digest = packed.subarray(start, start + digestLength);
    const signature = packed.subarray(start + digestLength, start + signatureEnd);
    const publicKey = packed.subarray(start + signatureEnd, start + checkLength);
    answers[index] = verify(digest, signature, publicKey) ? 1 : 0;
  }
  return answers;
}
