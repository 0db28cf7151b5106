/** The certificates of a data folder, in tls/: its authority's, its server's and its client's, each with its key, for the owner alone. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toUtf8 } from '../chain/bytes.ts';
import { makeCertificates } from '../daemon/keystore/certificates.ts';
import { makePrivateFolder, writePrivateFile } from '../daemon/keystore/private-file.ts';
import type { DataFolder } from './data-folder.ts';
import { type CallerFiles, fetchWith } from './trusting-fetch.ts';

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
  const { authority, server, client } = makeCertificates({ name, hosts: [...ownHosts, ...hosts], nowMs });
  await makePrivateFolder(folder.tls);
  const write = async (file: string, text: string): Promise<string> => {
    const path = join(folder.tls, file);
    await writePrivateFile({ file: path, bytes: toUtf8(text), existing: 'replace' });
    return path;
  };
  await write('authority.key', authority.key);
  await write('authority.crt', authority.certificate);
  await write('client.key', client.key);
  await write('client.crt', client.certificate);
  return {
    'tls-key': await write('server.key', server.key),
    'tls-cert': await write('server.crt', server.certificate),
  };
}

/**
 * What the command line trusts beside the authorities of Node.js when it asks at an https URL, and shows there to a daemon that demands
 * it: what the folder has of it.
 */
export function readCallerFiles(folder: DataFolder): CallerFiles {
  const authority = readPem(folder, 'authority.crt');
  const [certificate, key] = [readPem(folder, 'client.crt'), readPem(folder, 'client.key')];
  return {
    authority: authority !== undefined && isAuthority(authority) ? authority : undefined,
    clientCertificate: certificate === undefined || key === undefined ? undefined : { certificate, key },
  };
}

function readPem(folder: DataFolder, name: string): string | undefined {
  try {
    return readFileSync(join(folder.tls, name), 'utf8');
  } catch {
    return undefined;
  }
}

function isAuthority(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}

/** The fetch for this URL: the platform's, but over TLS one with the folder's certificates. */
export function fetchFor(url: string, folder: DataFolder): typeof fetch {
  if (!url.startsWith('https:')) return fetch;
  const files = readCallerFiles(folder);
  return files.authority === undefined && files.clientCertificate === undefined ? fetch : fetchWith(files);
}
