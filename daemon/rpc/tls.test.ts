import { createHash, X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { type SecureContextOptions, connect as tlsConnect } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { toUtf8 } from '../../chain/bytes.ts';
import { type CertifiedKey, makeCertificates } from '../keystore/certificates.ts';
import { startUnderTest, type UnderTest } from './server-under-test.suite.ts';

/** Self-signed for localhost and 127.0.0.1, made for this test alone: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUP8GA4esy9m/Rz9bVoSxKCXGQ450wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA0MzQwNVoYDzIxMjYxMDI4
MDQzNDA1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAR2A4IFaXz9aInGOr4rWlqkyVKwX7xZyrM7Qjn3Q4+8InHk/hx85ban
xWH+Y6jqGbWT/wckZy0hG3m+JJuXlcPdo28wbTAdBgNVHQ4EFgQU0e3Bt4HbCtyu
aAlKNVQ3LWgbyoowHwYDVR0jBBgwFoAU0e3Bt4HbCtyuaAlKNVQ3LWgbyoowDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhALlwLTRVI1rXfwk1UfHRCfHyYrUKSqdh8a83LXRZF9ORAiAb
o0mbhVQD8mt0jiJiYxbYRYljVUgDEcQvFQ6WPgITtg==
-----END CERTIFICATE-----
`;
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4+VW8jLoJhPPcaPI
LLNK450xRY8dqw6+Alk2FNDVS2WhRANCAAR2A4IFaXz9aInGOr4rWlqkyVKwX7xZ
yrM7Qjn3Q4+8InHk/hx85banxWH+Y6jqGbWT/wckZy0hG3m+JJuXlcPd
-----END PRIVATE KEY-----
`;

const token = 'a token of the test';
const sha256 = createHash('sha256').update(token.replaceAll(' ', '-')).digest('hex');
const bearer = `Bearer ${token.replaceAll(' ', '-')}`;

const open: UnderTest[] = [];
afterEach(async () => {
  for (const under of open.splice(0)) await under.close();
});

async function start(host: string, clientAuthority: Uint8Array | null = null): Promise<UnderTest> {
  const under = await startUnderTest({
    settings: {
      host,
      tls: { certificate: toUtf8(certificate), key: toUtf8(key), clientAuthority },
      tokens: [{ name: 'ci', scope: 'submit', sha256 }],
      allowedHosts: host === '0.0.0.0' ? ['localhost'] : [],
    },
  });
  open.push(under);
  return under;
}

function status(port: number, headers: Record<string, string> = {}, shown: SecureContextOptions = {}): Promise<number> {
  const ca = certificate;
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', servername: 'localhost', port, path: '/v1/status', ca, agent: false, headers, ...shown },
      response => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

test('R8: speaks TLS, and a plain request to its port is cut off', async () => {
  const under = await start('127.0.0.1');
  expect(under.server.url).toBe(`https://127.0.0.1:${under.server.port}`);
  expect(await status(under.server.port)).toBe(200);
  await expect(under.ask({ path: '/healthz' })).rejects.toThrow();
  expect(await status(under.server.port)).toBe(200);
});

test('R1: a server that others can reach wants a token of everybody, on loopback too', async () => {
  const { server } = await start('0.0.0.0');
  const host = `localhost:${server.port}`;
  expect(await status(server.port, { host })).toBe(401);
  expect(await status(server.port, { host, authorization: bearer })).toBe(200);
  expect(await status(server.port, { host: 'evil.test', authorization: bearer })).toBe(403);
});

test('R8: TLS before 1.2 is refused', async () => {
  const { server } = await start('127.0.0.1');
  const code = await new Promise<string>(resolve => {
    const socket = tlsConnect(
      {
        host: '127.0.0.1',
        port: server.port,
        ca: certificate,
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'ALL:@SECLEVEL=0',
      },
      () => resolve('connected'),
    );
    socket.on('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message));
  });
  expect(code).toContain('PROTOCOL_VERSION');
});

/** What one connection saw: the certificate that it was shown, and how it ended once it was told to wait. */
class Visitor {
  readonly shown: Promise<string>;
  readonly ended: Promise<string>;

  constructor(port: number) {
    const socket = tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    this.shown = new Promise((resolve, reject) => {
      socket.once('secureConnect', () => resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? ''));
      socket.once('error', reject);
    });
    this.ended = new Promise(resolve => {
      socket.once('end', () => resolve('ended'));
      socket.once('error', error => resolve(error.message));
    });
    socket.resume();
  }
}

test('R8: a new certificate is for new connections; one that is wrong is refused, and the old one stays', async () => {
  const { server } = await start('127.0.0.1');
  const old = new Visitor(server.port);
  const { server: made, authority } = makeCertificates({ name: 'new', hosts: ['localhost'], nowMs: Date.now() });
  const files = { certificate: toUtf8(made.certificate), key: toUtf8(made.key), clientAuthority: null };
  expect(await old.shown).toBe(new X509Certificate(certificate).fingerprint256);
  for (const wrong of [{ key: toUtf8(authority.key) }, { certificate: toUtf8('none') }, { key: new Uint8Array(0) }]) {
    expect(() => server.setCertificate({ ...files, ...wrong })).toThrow('--tls-cert and --tls-key');
    expect(await new Visitor(server.port).shown).toBe(await old.shown);
  }
  server.setCertificate(files);
  expect(await new Visitor(server.port).shown).toBe(new X509Certificate(made.certificate).fingerprint256);
});

test('R8: with an authority for clients, who shows no certificate of it in time gets no answer, whatever the token', async () => {
  const wishes = { name: 'clients', hosts: ['localhost'], nowMs: Date.now() };
  const ours = makeCertificates(wishes);
  const expired = makeCertificates({ ...wishes, nowMs: 0 });
  const { server } = await start('127.0.0.1', toUtf8(ours.authority.certificate + expired.authority.certificate));
  const shown = ({ certificate: cert, key }: CertifiedKey) => ({ cert, key });
  expect(await status(server.port, {}, shown(ours.client))).toBe(200);
  const stranger = makeCertificates(wishes);
  const selfSigned = { certificate, key };
  for (const wrong of [{}, ...[stranger.client, expired.client, ours.server, selfSigned].map(shown)]) {
    await expect(status(server.port, { authorization: bearer }, wrong)).rejects.toThrow();
  }
  expect(await status(server.port, {}, shown(ours.client))).toBe(200);
  const files = { certificate: toUtf8(certificate), key: toUtf8(key) };
  const none = toUtf8('none');
  expect(() => server.setCertificate({ ...files, clientAuthority: none })).toThrow('--tls-client-ca');
  server.setCertificate({ ...files, clientAuthority: toUtf8(stranger.authority.certificate) });
  expect(await status(server.port, {}, shown(stranger.client))).toBe(200);
  await expect(status(server.port, {}, shown(ours.client))).rejects.toThrow();
});

test('R8: a connection is closed cleanly when the server stops', async () => {
  const under = await start('127.0.0.1');
  const visitor = new Visitor(under.server.port);
  await visitor.shown;
  await under.server.close();
  expect(await visitor.ended).toBe('ended');
});

test('a server without TLS takes no certificate', async () => {
  const under = await startUnderTest();
  open.push(under);
  const files = { certificate: toUtf8(certificate), key: toUtf8(key), clientAuthority: null };
  expect(() => under.server.setCertificate(files)).toThrow('does not speak TLS');
});
