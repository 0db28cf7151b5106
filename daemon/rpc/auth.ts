/**
 * Who may call: the cookie file's token (admin, new at each start), named tokens of the configuration with a scope each, and nobody in
 * particular, who on a loopback address may read and submit. Only SHA-256 hashes of tokens are kept; they are compared in constant time.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../../chain/bytes.ts';
import { diskFailed } from '../disk-failure.ts';
import type { Caller } from './context.ts';
import type { Scope } from './method.ts';

/** A token that may be used from elsewhere. It must be random (`openssl rand -hex 32`): its hash is not a slow one. */
export interface NamedToken {
  readonly name: string;
  readonly scope: Scope;
  /** SHA-256 of the token's text, in hexadecimal. */
  readonly sha256: string;
}

export const cookieName = '.cookie';
/** A wrong token is answered after this time, so that guessing is slow. */
export const failureDelayMs = 250;
const tokenLengthMax = 512;

interface Entry {
  readonly name: string;
  readonly scope: Scope;
  readonly hash: Buffer;
}

export class Authenticator {
  readonly #entries: readonly Entry[];
  readonly #anonymousScope: Scope | null;
  readonly #cookie: string;
  readonly #cookiePath: string;

  /** Writes the cookie file, readable by its owner alone. Throws DISK_FAILED. */
  constructor(settings: {
    readonly dataDir: string;
    readonly tokens: readonly NamedToken[];
    readonly isLoopback: boolean;
  }) {
    this.#cookie = toHex(randomBytes(32));
    this.#cookiePath = join(settings.dataDir, cookieName);
    writeSecretFile(this.#cookiePath, `${this.#cookie}\n`);
    this.#anonymousScope = settings.isLoopback ? 'submit' : null;
    this.#entries = [
      { name: 'cookie', scope: 'admin', hash: hashOf(this.#cookie) },
      ...settings.tokens.map(({ name, scope, sha256 }) => ({ name, scope, hash: Buffer.from(sha256, 'hex') })),
    ];
  }

  /** The caller of an `authorization` header (Bearer), or null when the header holds no right token. `address` names the anonymous. */
  identify(authorization: string | undefined, address: string): Caller | null {
    if (authorization === undefined) {
      return { name: `anonymous@${address}`, scope: this.#anonymousScope, hasCredential: false };
    }
    const token = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1];
    if (token === undefined || token.length > tokenLengthMax) return null;
    const hash = hashOf(token);
    // All are compared, so that the time says nothing of which one came near.
    const found = this.#entries.filter(entry => timingSafeEqual(entry.hash, hash));
    const [entry] = found;
    return entry === undefined ? null : { name: entry.name, scope: entry.scope, hasCredential: true };
  }

  /** Deletes the cookie file, unless another process has written its own since. */
  close(): void {
    try {
      if (readFileSync(this.#cookiePath, 'utf8').trim() === this.#cookie) rmSync(this.#cookiePath);
    } catch {
      // The file is gone already: what was to be done is done.
    }
  }
}

/** Writes beside and renames: nobody ever reads half a file, or one with loose permissions. */
function writeSecretFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`;
  try {
    rmSync(temporary, { force: true });
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, path);
  } catch (cause) {
    throw diskFailed(cause, `writing ${path}`);
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
