import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { parseAddress, publicKeyOf } from '../../chain/keys.ts';
import { decodeKeyFile, encodeKeyFile, scryptCostMin, sealKey } from './key-file.ts';
import {
  createKeyFile,
  exportSecretHex,
  keyFileOf,
  keyFolderOf,
  listKeys,
  newSecret,
  openKeyFile,
  parseSecretHex,
  readKeyInfo,
} from './keystore.ts';
import { readPasswordFile, readPrivateFile, writePrivateFile } from './private-file.ts';

const secret = new Uint8Array(32).fill(11);
const password = 'correct horse';
const cheap = { addressPrefix: 'kvt', password, secret, cost: scryptCostMin };
const roots: string[] = [];

async function newDataDir(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'kvchain-keys-'));
  roots.push(root);
  return root;
}

afterAll(async () => {
  for (const root of roots) await rm(root, { recursive: true, force: true });
});

/** A file with one text replaced by another, beside the first. */
async function changed(file: string, change: (text: string) => string): Promise<string> {
  const copy = file.replace('.json', '-changed.json');
  await writeFile(copy, change(await readFile(file, 'utf8')), { mode: 0o600 });
  return copy;
}

describe('a key file', () => {
  let folder = '';
  let file = '';
  beforeAll(async () => {
    folder = keyFolderOf(await newDataDir());
    ({ file } = await createKeyFile({ ...cheap, folder, name: 'alice' }));
  });

  it('opens with its password, and shows address and public key without', async () => {
    const opened = await openKeyFile(file, password);
    expect(opened.secret).toEqual(secret);
    expect(opened.publicKey).toEqual(publicKeyOf(secret));
    expect(parseAddress(opened.address, 'kvt').ok).toBe(true);
    const { name, address, publicKey } = opened;
    expect(await readKeyInfo(file)).toEqual({ name, file, address, publicKey });
    expect(name).toBe('alice');
    expect(await exportSecretHex(file, password)).toBe(toHex(secret));
  });

  it('has the default cost of 2^17 when none is given, and never the secret in clear', async () => {
    const info = await createKeyFile({ folder, name: 'dear', password, addressPrefix: 'kv', secret });
    const text = await readFile(info.file, 'utf8');
    expect(JSON.parse(text)).toMatchObject({ format: 'kvchain-key', version: 1, kdf: { name: 'scrypt', n: 131_072 } });
    expect(text).not.toContain(toHex(secret));
    expect((await openKeyFile(info.file, password)).secret).toEqual(secret);
  });

  it('R10: is readable by its owner alone, in a folder of its owner alone, with nothing left beside it', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await readdir(folder)).filter(name => name.endsWith('.tmp'))).toEqual([]);
  });

  it('R11: refuses a wrong password with BAD_PASSWORD, an empty one too', async () => {
    for (const wrong of ['Correct horse', 'correct horse ', 'x'.repeat(1_024)]) {
      await expect(openKeyFile(file, wrong)).rejects.toMatchObject({ code: 'BAD_PASSWORD' });
    }
    await expect(openKeyFile(file, '')).rejects.toMatchObject({ code: 'BAD_PASSWORD' });
    await expect(openKeyFile(file, 'x'.repeat(1_025))).rejects.toMatchObject({ code: 'BAD_PASSWORD' });
    await expect(createKeyFile({ ...cheap, folder, name: 'nobody', password: '' })).rejects.toMatchObject({
      code: 'BAD_PASSWORD',
    });
    expect(await readdir(folder)).not.toContain('nobody.json');
  });

  it('takes one password for the two ways that Unicode writes an accent', async () => {
    const info = await createKeyFile({ ...cheap, folder, name: 'accent', password: 'caf\u00e9' });
    expect((await openKeyFile(info.file, 'cafe\u0301')).secret).toEqual(secret);
  });

  const damages: [what: string, change: (text: string) => string][] = [
    ['is empty', () => ''],
    ['is not JSON', text => text.slice(0, -5)],
    ['is JSON but no key file', () => '[]'],
    ['has another format', text => text.replace('kvchain-key', 'kvchain-kex')],
    ['has a newer version', text => text.replace('"version": 1', '"version": 2')],
    ['has an unknown field', text => text.replace('"version"', '"extra": 1, "version"')],
    ['lacks a field', text => text.replace(/"r": 8,/, '')],
    ['asks for 2^30 of scrypt', text => text.replace('"n": 16384', `"n": ${2 ** 30}`)],
    ['asks for 2^19 of scrypt', text => text.replace('"n": 16384', `"n": ${2 ** 19}`)],
    ['was weakened to 2^10', text => text.replace('"n": 16384', '"n": 1024')],
    ['has a cost that is no power of two', text => text.replace('"n": 16384', '"n": 16385')],
    ['has a cost that is no whole number', text => text.replace('"n": 16384', '"n": 16384.5')],
    ['has a larger r', text => text.replace('"r": 8', '"r": 800')],
    ['has p = 0', text => text.replace('"p": 1', '"p": 0')],
    ['has p = 1000', text => text.replace('"p": 1', '"p": 1000')],
    ['has a changed cost within the bounds', text => text.replace('"n": 16384', '"n": 32768')],
    ['has an unknown kdf', text => text.replace('"scrypt"', '"pbkdf2"')],
    ['has an unknown cipher', text => text.replace('xchacha20-poly1305', 'aes-128-ctr')],
    ['has a changed salt', text => flipHex(text, 'salt')],
    ['has a changed nonce', text => flipHex(text, 'nonce')],
    ['has a changed ciphertext', text => flipHex(text, 'sealed')],
    ['has a changed checksum', text => flipHex(text, 'checksum')],
    ['has a changed public key', text => flipHex(text, 'publicKey')],
    ['has a shorter ciphertext', text => text.replace(/("sealed": "[0-9a-f]{90})[0-9a-f]{6}/, '$1')],
    [
      'has upper-case hex',
      text => text.replace(/"salt": "([0-9a-f]+)"/, (_, hex) => `"salt": "${hex.toUpperCase()}F"`),
    ],
    ['is larger than a key file', text => text + ' '.repeat(5_000)],
  ];
  it.each(damages)('R11: is refused with BAD_KEY_FILE when it %s', async (_, change) => {
    const bad = await changed(file, change);
    const refusal = { code: 'BAD_KEY_FILE', message: expect.stringContaining(bad) };
    await expect(openKeyFile(bad, password)).rejects.toMatchObject(refusal);
    await expect(readKeyInfo(bad)).rejects.toMatchObject(refusal);
    await rm(bad);
  });

  it('R11: never gives another key when any of its parts is replaced and the checksum made anew', async () => {
    const whole = decodeKeyFile(await readFile(file));
    const other = await sealKey({ ...cheap, secret: new Uint8Array(32).fill(12) });
    const forgeries = [
      { ...whole, sealed: other.sealed },
      { ...whole, salt: other.salt },
      { ...whole, cipherNonce: other.cipherNonce },
      { ...whole, cost: 2 * whole.cost },
      { ...whole, parallelism: 2 },
      { ...whole, address: other.address, publicKey: other.publicKey },
    ];
    for (const forgery of forgeries) {
      const forged = keyFileOf(folder, 'forged');
      await writePrivateFile({ file: forged, bytes: encodeKeyFile(forgery), existing: 'replace' });
      await expect(openKeyFile(forged, password)).rejects.toMatchObject({ code: 'BAD_PASSWORD' });
    }
    const lying = encodeKeyFile({ ...whole, address: other.address });
    expect(() => decodeKeyFile(lying)).toThrow('is not the address');
    await rm(keyFileOf(folder, 'forged'));
  });

  it('R11: decodes what it encoded, and refuses any changed byte of it', async () => {
    const bytes = new Uint8Array(await readFile(file));
    expect(equalBytes(encodeKeyFile(decodeKeyFile(bytes)), bytes)).toBe(true);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, mask) => {
        const copy = bytes.slice();
        copy[place] = (copy[place] ?? 0) ^ mask;
        try {
          // White space may change; a key file that still decodes is the same one.
          expect(encodeKeyFile(decodeKeyFile(copy))).toEqual(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'BAD_KEY_FILE' });
        }
      }),
      { numRuns: 300 },
    );
  });
});

function flipHex(text: string, field: string): string {
  return text.replace(new RegExp(`("${field}": "..)(.)`), (_, start, digit) => start + (digit === '0' ? '1' : '0'));
}

describe('the keystore', () => {
  it('lists its keys by name, none where there is no folder, and nothing that is no key', async () => {
    const folder = keyFolderOf(await newDataDir());
    expect(await listKeys(folder)).toEqual([]);
    for (const name of ['bob', 'alice', 'carol-2']) {
      await createKeyFile({ ...cheap, folder, name, secret: newSecret() });
    }
    await writeFile(join(folder, 'notes.txt'), 'x');
    await writeFile(join(folder, '.x.json'), 'x');
    const keys = await listKeys(folder);
    expect(keys.map(key => key.name)).toEqual(['alice', 'bob', 'carol-2']);
    expect(new Set(keys.map(key => key.address)).size).toBe(3);
    await writeFile(join(folder, 'damaged.json'), '{}', { mode: 0o600 });
    await expect(listKeys(folder)).rejects.toMatchObject({ code: 'BAD_KEY_FILE' });
  });

  it('never writes over a key, not even when two are made at once', async () => {
    const folder = keyFolderOf(await newDataDir());
    const create = (byte: number) =>
      createKeyFile({ ...cheap, folder, name: 'same', secret: new Uint8Array(32).fill(byte) });
    const outcomes = await Promise.allSettled([create(1), create(2), create(3)]);
    expect(outcomes.filter(outcome => outcome.status === 'fulfilled')).toHaveLength(1);
    const refused = outcomes.filter(outcome => outcome.status === 'rejected');
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'USAGE' });
    expect(await readdir(folder)).toEqual(['same.json']);
  });

  it.each(['', '..', '../alice', 'a/b', 'Alice', 'a b', 'ä', 'a.json', 'x'.repeat(65), 'a\0'])(
    'refuses the name %j',
    name => {
      expect(() => keyFileOf('keys', name)).toThrow('key name');
    },
  );

  it('R10: refuses a file or a folder that others can read, and says how to mend it', async () => {
    const folder = keyFolderOf(await newDataDir());
    const { file } = await createKeyFile({ ...cheap, folder, name: 'alice' });
    for (const mode of [0o640, 0o604, 0o660, 0o610]) {
      await chmod(file, mode);
      const refusal = { code: 'LOOSE_PERMISSIONS', message: expect.stringContaining(`chmod 600 ${file}`) };
      await expect(openKeyFile(file, password)).rejects.toMatchObject(refusal);
      await expect(listKeys(folder)).rejects.toMatchObject(refusal);
    }
    await chmod(folder, 0o755);
    await expect(createKeyFile({ ...cheap, folder, name: 'bob' })).rejects.toMatchObject({
      code: 'LOOSE_PERMISSIONS',
      message: expect.stringContaining(`chmod 700 ${folder}`),
    });
  });

  it('tells of a key that is not there', async () => {
    const file = keyFileOf(keyFolderOf(await newDataDir()), 'nobody');
    await expect(openKeyFile(file, password)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('reads a secret key from hex, and says nothing of the text that it refuses', () => {
    expect(parseSecretHex(`${toHex(secret)}\n`)).toEqual(secret);
    const order = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
    for (const text of ['', 'ab', '00'.repeat(32), order, 'ff'.repeat(32), 'zz'.repeat(32), 'ab'.repeat(33)]) {
      expect(() => parseSecretHex(text)).toThrow(/^a secret key is 64 hex digits, [^0-9]*1 to the order/);
    }
  });
});

describe('a password file', () => {
  async function passwordFile(content: string | Uint8Array, mode = 0o600): Promise<string> {
    const file = join(await newDataDir(), 'password');
    await writeFile(file, content, { mode });
    await chmod(file, mode);
    return file;
  }

  it.each([
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    ['secret', 'secret'],
    [' with spaces \n', ' with spaces '],
    ['two\nlines\n\n', 'two\nlines\n'],
  ])('of %j holds the password %j', async (content, expected) => {
    expect(await readPasswordFile(await passwordFile(content))).toBe(expected);
  });

  it('R10: is refused when it is empty, too long, not UTF-8, missing, a folder, or open to others', async () => {
    const cases: [string, string][] = [
      [await passwordFile(''), 'BAD_PASSWORD'],
      [await passwordFile('\n'), 'BAD_PASSWORD'],
      [await passwordFile(Uint8Array.of(0xff, 0xfe)), 'BAD_PASSWORD'],
      [await passwordFile('x'.repeat(2_000)), 'TOO_LARGE'],
      [await passwordFile('secret', 0o644), 'LOOSE_PERMISSIONS'],
      [join(await newDataDir(), 'missing'), 'NOT_FOUND'],
    ];
    for (const [file, code] of cases) await expect(readPasswordFile(file)).rejects.toMatchObject({ code });
    const folder = join(await newDataDir(), 'folder');
    await mkdir(folder, { mode: 0o700 });
    await expect(readPasswordFile(folder)).rejects.toMatchObject({ code: 'DISK_FAILED' });
  });

  it('may be a pipe, as a shell makes for a secret', async () => {
    const pipe = join(await newDataDir(), 'pipe');
    execFileSync('bash', ['-c', 'mkfifo -m 600 "$0"', pipe]);
    const written = writeFile(pipe, 'from a pipe\n');
    expect(await readPasswordFile(pipe)).toBe('from a pipe');
    await written;
  });

  it('is written whole and private, over an old one when told so', async () => {
    const file = join(await newDataDir(), 'password');
    await writePrivateFile({ file, bytes: Buffer.from('one'), existing: 'keep' });
    await expect(writePrivateFile({ file, bytes: Buffer.from('two'), existing: 'keep' })).rejects.toMatchObject({
      code: 'USAGE',
    });
    expect(Buffer.from(await readPrivateFile(file, 10)).toString()).toBe('one');
    await writePrivateFile({ file, bytes: Buffer.from('two'), existing: 'replace' });
    expect(Buffer.from(await readPrivateFile(file, 10)).toString()).toBe('two');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});
