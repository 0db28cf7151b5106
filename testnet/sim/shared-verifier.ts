/**
 * One verifier for all machines of a world: what one of them has verified, the next need not. The answers are those of
 * `verify`; only the work is shared, because in the simulator a dozen machines verify the same signature one after the other.
 */
import { sha256 } from '../../chain/hash.ts';
import type { SignatureVerify } from '../../chain/keys.ts';
import type { SignatureCheck, Verifier } from '../../daemon/ports.ts';

/** Answers that are remembered; all are forgotten when there are more. */
const rememberedMax = 50_000;

export class SharedVerifier implements Verifier {
  readonly #verify: SignatureVerify;
  readonly #answers = new Map<string, boolean>();

  constructor(verify: SignatureVerify) {
    this.#verify = verify;
  }

  async verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
    return checks.map(check => this.#answer(check));
  }

  async close(): Promise<void> {}

  #answer({ message, signature, publicKey }: SignatureCheck): boolean {
    const digest = sha256(message);
    // The digest comes first and has one length, so no two checks have one name.
    const name = Buffer.concat([digest, signature, publicKey]).toString('latin1');
    const known = this.#answers.get(name);
    if (known !== undefined) return known;
    if (this.#answers.size >= rememberedMax) this.#answers.clear();
    const answer = this.#verify(digest, signature, publicKey);
    this.#answers.set(name, answer);
    return answer;
  }
}
