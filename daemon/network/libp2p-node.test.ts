import { expect, it } from 'vitest';
import { fromHex, toHex } from '../../chain/bytes.ts';
import { readIdentity } from './libp2p-node.ts';

const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const publicKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

it('makes of a seed the key pair of RFC 8032, 7.1, test 1', () => {
  const identity = readIdentity(fromHex(seed, 32) ?? new Uint8Array(0));
  expect(identity.type).toBe('Ed25519');
  expect(toHex(identity.raw)).toBe(seed + publicKey);
  expect(toHex(identity.publicKey.raw)).toBe(publicKey);
});

it.each([0, 31, 33, 64])('refuses %i bytes that are no private key, and quotes none of them', length => {
  const message = `the network identity of ${length} bytes is not a private key`;
  expect(() => readIdentity(new Uint8Array(length).fill(7))).toThrow(
    expect.objectContaining({ code: 'BAD_KEY_FILE', message }),
  );
});
