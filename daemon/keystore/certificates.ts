/**
 * Certificates for the API of a network of one's own: an authority, and those of a server and a client that it signed. X.509 (RFC 5280) in
 * DER, as much of it as these need; keys and signatures are Node's, and so is the judge of what is written here, OpenSSL.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** PEM. */
export interface CertifiedKey {
  readonly certificate: string;
  readonly key: string;
}

export interface Certificates {
  /** Whoever trusts it trusts the server, and a server that demands it lets the client in. */
  readonly authority: CertifiedKey;
  readonly server: CertifiedKey;
  readonly client: CertifiedKey;
}

export interface CertificateWishes {
  /** Of the network, in the names of the certificates. */
  readonly name: string;
  /** Host names and IP addresses under which the server is called. */
  readonly hosts: readonly string[];
  /** Unix milliseconds. */
  readonly nowMs: number;
}

const validYears = 10;
/** Clocks of other machines may be late by this. */
const earlyMs = 86_400_000;

/** Makes all three, on P-256, valid for ten years. */
export function makeCertificates({ name, hosts, nowMs }: CertificateWishes): Certificates {
  const keys = newKeys();
  const issuer = { name: `${name} authority`, key: keys.privateKey, publicKey: keys.publicKey };
  const certify = (subject: string, { privateKey, publicKey }: KeyPair, extensions: readonly Buffer[]) => ({
    certificate: pem(certificate({ subject, publicKey, nowMs, issuer }, extensions)),
    key: keyPem(privateKey),
  });
  return {
    authority: certify(issuer.name, keys, authorityExtensions),
    server: certify(`${name} node`, newKeys(), [...leafExtensions(serverAuth), namesOf(hosts)]),
    client: certify(`${name} client`, newKeys(), leafExtensions(clientAuth)),
  };
}

type KeyPair = ReturnType<typeof newKeys>;

function newKeys() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

interface CertificateBody {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly nowMs: number;
  readonly issuer: { readonly name: string; readonly key: KeyObject; readonly publicKey: KeyObject };
}

const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));

function certificate({ subject, publicKey, nowMs, issuer }: CertificateBody, extensions: readonly Buffer[]): Buffer {
  const end = new Date(nowMs);
  end.setUTCFullYear(end.getUTCFullYear() + validYears);
  const body = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(0x01), randomBytes(15)])),
    ecdsaWithSha256,
    distinguishedName(issuer.name),
    sequence(time(new Date(nowMs - earlyMs)), time(end)),
    distinguishedName(subject),
    publicKeyInfo(publicKey),
    tagged(
      0xa3,
      sequence(
        ...extensions,
        extension('551d0e', tagged(0x04, keyIdOf(publicKey))),
        extension('551d23', sequence(tagged(0x80, keyIdOf(issuer.publicKey)))),
      ),
    ),
  );
  return sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, issuer.key)));
}

/** A CA that signs certificates and no other CA. */
const authorityExtensions: readonly Buffer[] = [
  criticalExtension('551d13', sequence(tagged(0x01, Buffer.of(0xff)), integer(Buffer.of(0)))),
  criticalExtension('551d0f', tagged(0x03, Buffer.of(0x02, 0x04))),
];

const serverAuth = objectId('2b06010505070301');
const clientAuth = objectId('2b06010505070302');

/** No CA; digitalSignature; for this use alone. */
function leafExtensions(use: Buffer): readonly Buffer[] {
  return [
    criticalExtension('551d13', sequence()),
    criticalExtension('551d0f', tagged(0x03, Buffer.of(0x07, 0x80))),
    extension('551d25', sequence(use)),
  ];
}

function namesOf(hosts: readonly string[]): Buffer {
  return extension('551d11', sequence(...hosts.map(alternativeName)));
}

function alternativeName(host: string): Buffer {
  return isIP(host) === 0 ? tagged(0x82, Buffer.from(host, 'ascii')) : tagged(0x87, addressBytes(host));
}

/** 4 or 16 bytes. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // The URL parser writes every IPv6 address in its one short form, without an embedded IPv4.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(8 - first.length - last.length).fill('0');
  return Buffer.from([...first, ...zeros, ...last].map(group => group.padStart(4, '0')).join(''), 'hex');
}

function distinguishedName(commonName: string): Buffer {
  const attribute = sequence(objectId('550403'), tagged(0x0c, Buffer.from(commonName, 'utf8')));
  return sequence(tagged(0x31, attribute));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), tagged(0x04, value));
}

function criticalExtension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), tagged(0x01, Buffer.of(0xff)), tagged(0x04, value));
}

/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().slice(0, 19).replaceAll(/\D/g, '')}Z`;
  return date.getUTCFullYear() < 2050 ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits));
}

function keyIdOf(key: KeyObject): Buffer {
  return createHash('sha256').update(publicKeyInfo(key)).digest().subarray(0, 20);
}

function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/** `id` is the encoded object identifier, in hexadecimal. */
function objectId(id: string): Buffer {
  return tagged(0x06, Buffer.from(id, 'hex'));
}

/** Big-endian, its first bit zero. */
function integer(value: Buffer): Buffer {
  return tagged(0x02, value);
}

function bitString(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.of(0), bytes]));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), lengthOf(content), content]);
}

function lengthOf({ length }: Buffer): Buffer {
  if (length < 0x80) return Buffer.of(length);
  return length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
