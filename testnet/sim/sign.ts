/** Signatures of the simulator's clients and villains. The native library signs the same bytes, sooner. */
import { sign as signPortably } from '../../chain/keys.ts';
import { loadNativeSign } from '../../daemon/crypto/signature-check.ts';

export const sign: typeof signPortably = load();

function load(): typeof signPortably {
  try {
    return loadNativeSign();
  } catch {
    return signPortably;
  }
}
