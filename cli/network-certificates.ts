/** The certificates of a data folder, in tls/: its authority's and its server's, each with its key, readable by the owner alone. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toUtf8 } from '../chain/bytes.ts';
import { makeCertificates } from '../daemon/keystore/certificates.ts';
import { makePrivateFolder, writePrivateFile } from '../daemon/keystore/private-file.ts';
import type { DataFolder } from './data-folder.ts';
import { fetchTrusting } from './trusting-fetch.ts';

const ownHosts = ['localhost', '127.0.0.1', '::1'];

/** Where the daemon finds what it shows to callers. */
export interface ServerFiles {
  readonly 'tls-cert': string;
  readonly 'tls-key': string;
}

/** Makes and writes them. Errors: LOOSE_PERMISSIONS, DISK_FAILED. */
export async function writeCertificates(
  folder: DataFolder,
  { name, hosts, nowMs }: { readonly name: string; readonly hosts: readonly string[]; readonly nowMs: number },
): Promise<ServerFiles> {
  const { authority, server } = makeCertificates({ name, hosts: [...ownHosts, ...hosts], nowMs });
  await makePrivateFolder(folder.tls);
  const write = async (file: string, text: string): Promise<string> => {
    const path = join(folder.tls, file);
    await writePrivateFile({ file: path, bytes: toUtf8(text), existing: 'replace' });
    return path;
  };
  await write('authority.key', authority.key);
  await write('authority.crt', authority.certificate);
  return {
    'tls-key': await write('server.key', server.key),
    'tls-cert': await write('server.crt', server.certificate),
  };
}

/** What the command line trusts beside the authorities of Node.js when it asks at an https URL; null when the folder has none. */
export function readAuthority(folder: DataFolder): string | null {
  try {
    const text = readFileSync(join(folder.tls, 'authority.crt'), 'utf8');
    return new X509Certificate(text).ca ? text : null;
  } catch {
    return null;
  }
}

/** The fetch for this URL: the platform's, but for a daemon whose certificate the folder's authority signed. */
export function fetchFor(url: string, folder: DataFolder): typeof fetch {
  const authority = url.startsWith('https:') ? readAuthority(folder) : null;
  return authority === null ? fetch : fetchTrusting(authority);
}
