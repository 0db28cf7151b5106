import { X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { makeCertificates } from './certificates.ts';

const hosts = ['localhost', '127.0.0.1', '::1', 'node.example', '2001:db8::5:0:1', '10.200.3.255'];
const made = makeCertificates({ name: 'ours', hosts, nowMs: Date.now() });
const authority = new X509Certificate(made.authority.certificate);
const server = new X509Certificate(made.server.certificate);
const client = new X509Certificate(made.client.certificate);

describe('made certificates', () => {
  it('are read by OpenSSL as an authority, and a server and a client that it signed', () => {
    expect([authority.ca, server.ca, client.ca]).toEqual([true, false, false]);
    for (const signed of [authority, server, client]) {
      expect(signed.verify(authority.publicKey)).toBe(true);
      expect(signed.checkIssued(authority)).toBe(true);
      expect(signed.issuer).toBe('CN=ours authority');
    }
    expect([server.subject, client.subject]).toEqual(['CN=ours node', 'CN=ours client']);
    expect([server.keyUsage, client.keyUsage]).toEqual([['1.3.6.1.5.5.7.3.1'], ['1.3.6.1.5.5.7.3.2']]);
  });

  it('hold the names and addresses, and no other', () => {
    for (const host of ['localhost', 'node.example']) expect(server.checkHost(host)).toBe(host);
    for (const ip of ['127.0.0.1', '::1', '2001:db8::5:0:1', '10.200.3.255']) expect(server.checkIP(ip)).toBe(ip);
    expect(server.checkHost('evil.test')).toBeUndefined();
    expect(server.checkIP('127.0.0.2')).toBeUndefined();
  });

  it.each([2026, 2039, 2041, 2049])('are valid from the day before for ten years, in %i too', year => {
    const nowMs = Date.UTC(year, 5, 1);
    const { certificate } = makeCertificates({ name: 'n', hosts: ['a'], nowMs }).server;
    const { validFrom, validTo } = new X509Certificate(certificate);
    expect(Date.parse(validFrom)).toBe(nowMs - 86_400_000);
    expect(Date.parse(validTo)).toBe(Date.UTC(year + 10, 5, 1));
  });

  it('differ each time in keys and serial numbers', () => {
    const again = new X509Certificate(makeCertificates({ name: 'ours', hosts, nowMs: Date.now() }).server.certificate);
    expect(again.serialNumber).not.toBe(server.serialNumber);
    expect(again.verify(authority.publicKey)).toBe(false);
  });

  it('R8: serve TLS to who trusts the authority, and to nobody else', async () => {
    const { certificate: cert, key } = made.server;
    const listening = createServer({ cert, key, minVersion: 'TLSv1.2' }, socket => socket.end());
    await new Promise<void>(resolve => listening.listen(0, '127.0.0.1', resolve));
    const address = listening.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const outcome = (options: { ca?: string; servername?: string }): Promise<string> =>
      new Promise(resolve => {
        const socket = connect({ port, host: '127.0.0.1', ...options }, () => resolve(`${socket.authorized}`));
        socket.on('error', (error: Error & { code?: string }) => resolve(error.code ?? ''));
        socket.resume();
      });
    const ca = made.authority.certificate;
    expect(await outcome({ ca, servername: 'localhost' })).toBe('true');
    expect(await outcome({ ca })).toBe('true');
    expect(await outcome({ ca, servername: 'evil.test' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await outcome({})).toMatch(/UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/);
    await new Promise(resolve => listening.close(resolve));
  });
});
