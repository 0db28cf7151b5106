/** The accounts of the simulated clients, the same in every simulation. */
import { toUtf8 } from '../../chain/bytes.ts';
import { sha256 } from '../../chain/hash.ts';
import { addressOf, publicKeyOf } from '../../chain/keys.ts';

export interface Account {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly address: Uint8Array;
}

const clients = 4;

export const accounts: readonly Account[] = Array.from({ length: clients }, (_, index) => accountOf(`client ${index}`));

/** Every name has its own. */
export function accountOf(name: string): Account {
  const secretKey = sha256(toUtf8(name));
  const publicKey = publicKeyOf(secretKey);
  return { secretKey, publicKey, address: addressOf(publicKey) };
}
