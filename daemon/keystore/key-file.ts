/**
 * The bytes of a key file, format `kvchain-key` version 1: a secret key under a password, with its public key and address in clear.
 * scrypt makes the key of XChaCha20-Poly1305 from the password; everything that stands in clear is authenticated with it. A plain
 * checksum over the whole tells a damaged file from a wrong password, before scrypt runs.
 */
import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { equalBytes, fromHex, fromUtf8, toHex, toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { sha256 } from '../../chain/hash.ts';
import { addressOf, formatAddress, isPublicKey, publicKeyOf } from '../../chain/keys.ts';
import { z } from '../zod.ts';
import { passwordBytesMax } from './private-file.ts';

const keyFileFormat = 'kvchain-key';
const keyFileVersion = 1;
export const keyFileBytesMax = 4_096;
/** scrypt's cost N of new files: 128 MiB and about half a second. */
export const scryptCostDefault = 2 ** 17;
/** A cheaper file would be open to guessing; a dearer one takes more than 256 MiB, or was made to stop who opens it. */
export const scryptCostMin = 2 ** 14;
const scryptCostMax = 2 ** 18;

const scryptBlockSize = 8;
const scryptParallelismMax = 4;
const saltLength = 32;
const cipherNonceLength = 24;
const sealedLength = 32 + 16;

export interface KeyFile {
  readonly address: string;
  readonly publicKey: Uint8Array;
  /** scrypt's N, r, p. */
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelism: number;
  readonly salt: Uint8Array;
  readonly cipherNonce: Uint8Array;
  /** The secret key, encrypted, and the tag. */
  readonly sealed: Uint8Array;
}

export interface SealOptions {
  readonly secret: Uint8Array;
  readonly password: string;
  /** Of the network whose address is written beside the key. */
  readonly addressPrefix: string;
  /** scrypt's N, a power of two from scryptCostMin to scryptCostMax. */
  readonly cost: number;
}

/** Encrypts a secret key (32 bytes, valid). Error: BAD_PASSWORD when it is empty or too long. */
export async function sealKey({ secret, password, addressPrefix, cost }: SealOptions): Promise<KeyFile> {
  const publicKey = publicKeyOf(secret);
  const clear = {
    address: formatAddress(addressOf(publicKey), addressPrefix),
    publicKey,
    cost,
    blockSize: scryptBlockSize,
    parallelism: 1,
    salt: Uint8Array.from(randomBytes(saltLength)),
    cipherNonce: Uint8Array.from(randomBytes(cipherNonceLength)),
  };
  const cipherKey = await deriveKey(clear, password);
  const sealed = xchacha20poly1305(cipherKey, clear.cipherNonce, clearBytes(clear)).encrypt(secret);
  cipherKey.fill(0);
  return { ...clear, sealed };
}

/** Decrypts the secret key. Errors: BAD_PASSWORD; BAD_KEY_FILE when the key is not the one of the address. */
export async function unsealKey(file: KeyFile, password: string): Promise<Uint8Array> {
  const cipherKey = await deriveKey(file, password);
  const secret = decrypt(file, cipherKey);
  cipherKey.fill(0);
  if (!equalBytes(publicKeyOf(secret), file.publicKey)) {
    throw new KvchainError('BAD_KEY_FILE', `the key in it is not that of ${file.address}`);
  }
  return secret;
}

function decrypt(file: KeyFile, cipherKey: Uint8Array): Uint8Array {
  try {
    return xchacha20poly1305(cipherKey, file.cipherNonce, clearBytes(file)).decrypt(file.sealed);
  } catch (cause) {
    throw new KvchainError('BAD_PASSWORD', `the password does not open the key of ${file.address}`, { cause });
  }
}

/** The file's text, for people and programs: JSON. */
export function encodeKeyFile(file: KeyFile): Uint8Array {
  const document = {
    format: keyFileFormat,
    version: keyFileVersion,
    address: file.address,
    publicKey: toHex(file.publicKey),
    kdf: { name: 'scrypt', n: file.cost, r: file.blockSize, p: file.parallelism, salt: toHex(file.salt) },
    cipher: { name: 'xchacha20-poly1305', nonce: toHex(file.cipherNonce), sealed: toHex(file.sealed) },
    checksum: toHex(checksumOf(file)),
  };
  return toUtf8(`${JSON.stringify(document, null, 2)}\n`);
}

const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * length}}$`), `not ${length} bytes of hex`);
const cost = z.int().min(scryptCostMin).max(scryptCostMax).refine(isPowerOfTwo, 'not a power of two');
const keyDocument = z.strictObject({
  format: z.literal(keyFileFormat),
  version: z.literal(keyFileVersion),
  address: z.string().max(200),
  publicKey: hex(33),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    n: cost,
    r: z.literal(scryptBlockSize),
    p: z.int().min(1).max(scryptParallelismMax),
    salt: hex(saltLength),
  }),
  cipher: z.strictObject({
    name: z.literal('xchacha20-poly1305'),
    nonce: hex(cipherNonceLength),
    sealed: hex(sealedLength),
  }),
  checksum: hex(32),
});

/**
 * Reads a key file's text. Error: BAD_KEY_FILE, naming what is wrong: not JSON, an unknown field, a newer version, a cost out of bounds,
 * a checksum that does not match, an address that is not the public key's.
 */
export function decodeKeyFile(bytes: Uint8Array): KeyFile {
  const document = keyDocument.safeParse(parseJson(bytes));
  if (!document.success) {
    const [issue] = document.error.issues;
    throw new KvchainError(
      'BAD_KEY_FILE',
      `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not a key file'}`,
    );
  }
  const { address, publicKey, kdf, cipher, checksum } = document.data;
  const file: KeyFile = {
    address,
    publicKey: fromHexChecked(publicKey),
    cost: kdf.n,
    blockSize: kdf.r,
    parallelism: kdf.p,
    salt: fromHexChecked(kdf.salt),
    cipherNonce: fromHexChecked(cipher.nonce),
    sealed: fromHexChecked(cipher.sealed),
  };
  if (toHex(checksumOf(file)) !== checksum) throw new KvchainError('BAD_KEY_FILE', 'its checksum does not match');
  if (!isAddressOf(address, file.publicKey)) {
    throw new KvchainError('BAD_KEY_FILE', `${address} is not the address of the public key ${publicKey}`);
  }
  return file;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes) ?? '');
  } catch (cause) {
    throw new KvchainError('BAD_KEY_FILE', 'it is not JSON', { cause });
  }
}

function fromHexChecked(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes === null) throw new KvchainError('BAD_KEY_FILE', `not hex: ${text}`);
  return bytes;
}

function isAddressOf(address: string, publicKey: Uint8Array): boolean {
  if (!isPublicKey(publicKey)) return false;
  const prefix = address.slice(0, address.lastIndexOf('1'));
  return /^[a-z]{1,20}$/.test(prefix) && formatAddress(addressOf(publicKey), prefix) === address;
}

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0;
}

/** What is authenticated beside the secret: all of it, in one order. */
function clearBytes(file: Omit<KeyFile, 'sealed'>): Uint8Array {
  const { address, publicKey, cost: n, blockSize: r, parallelism: p, salt, cipherNonce } = file;
  const fields = [keyFileFormat, keyFileVersion, address, toHex(publicKey), n, r, p, toHex(salt), toHex(cipherNonce)];
  return toUtf8(JSON.stringify(fields));
}

function checksumOf(file: KeyFile): Uint8Array {
  return sha256(Uint8Array.of(...clearBytes(file), ...file.sealed));
}

/** Runs in Node's own thread pool, so that the main thread goes on. */
function deriveKey(file: Omit<KeyFile, 'sealed'>, password: string): Promise<Uint8Array> {
  const { cost: N, blockSize: r, parallelism: p, salt } = file;
  // One text has several encodings on keyboards of different systems; NFKD makes them one.
  const bytes = toUtf8(password.normalize('NFKD'));
  if (bytes.length === 0) throw new KvchainError('BAD_PASSWORD', 'the password is empty');
  if (bytes.length > passwordBytesMax) {
    throw new KvchainError('BAD_PASSWORD', `the password has ${bytes.length} bytes, at most ${passwordBytesMax}`);
  }
  const options: ScryptOptions = { N, r, p, maxmem: 128 * r * (N + p + 2) + 1_048_576 };
  return new Promise((resolve, reject) => {
    scrypt(bytes, salt, 32, options, (error, key) => {
      bytes.fill(0);
      if (error) reject(new KvchainError('INTERNAL', `scrypt: ${error.message}`, { cause: error }));
      else resolve(new Uint8Array(key));
    });
  });
}
