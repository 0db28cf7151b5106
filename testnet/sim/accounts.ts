/** The accounts of the simulated clients, the same in every simulation. */
import { toUtf8 } from '../../chain/bytes.ts';
import { sha256 } from '../../chain/hash.ts';
import { addressOf, publicKeyOf } from '../../chain/keys.ts';
import type { Signer } from '../../chain/transaction.ts';
import { sign } from './sign.ts';

export interface Account extends Signer {
  readonly address: Uint8Array;
}

const clients = 4;

export const accounts: readonly Account[] = Array.from({ length: clients }, (_, index) => {
  const secret = sha256(toUtf8(`client ${index}`));
  const publicKey = publicKeyOf(secret);
  return { publicKey, address: addressOf(publicKey), sign: digest => sign(digest, secret) };
});
