/**
 * The Verifier without threads, for the simulator: answers are ready within the same turn and in the same order on every run, which
 * worker threads cannot promise. The native library is used where it loads; the answers do not depend on it.
 */
import { sha256 } from '../../chain/hash.ts';
import { type SignatureVerify, verify as verifySignature } from '../../chain/keys.ts';
import type { SignatureCheck, Verifier } from '../ports.ts';

export class InlineVerifier implements Verifier {
  readonly #verify: SignatureVerify;

  constructor(verify: SignatureVerify = verifySignature) {
    this.#verify = verify;
  }

  async verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
    return checks.map(({ message, signature, publicKey }) => this.#verify(sha256(message), signature, publicKey));
  }

  async close(): Promise<void> {}
}
