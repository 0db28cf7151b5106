import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeCertificates } from '../daemon/keystore/certificates.ts';
import { typed } from './typed.suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'kvchain-cli-tls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('init --tls', () => {
  it('R8, R10: makes certificates, private, by which the daemon and the command line know each other, renewed ones too', async () => {
    const dataDir = join(folder, 'ours');
    const here = ['--data-dir', dataDir];
    const made = await typed([
      'init',
      ...here,
      '--tls',
      '--tls-host',
      'node.example',
      '--rpc-port',
      '0',
      '--p2p-port',
      '0',
    ]);
    expect(made.exit).toBe(0);
    for (const name of ['authority', 'server', 'client'].flatMap(who => [`${who}.crt`, `${who}.key`])) {
      expect(statSync(join(dataDir, 'tls', name)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(join(dataDir, 'tls')).mode & 0o777).toBe(0o700);
    const authority = join(dataDir, 'tls', 'authority.crt');
    appendFileSync(join(dataDir, 'kvchaind.yaml'), `p2p-host: "127.0.0.1"\ntls-client-ca: "${authority}"\n`);
    const started = await typed(['start', ...here, '--detach']);
    try {
      expect(started.stderr).toBe('');
      const { url, pid } = JSON.parse(readFileSync(join(dataDir, 'rpc.json'), 'utf8'));
      expect(url).toMatch(/^https:/);
      expect((await typed(['status', ...here, '--json'])).json()).toMatchObject({ engine: 'pow', height: 0 });
      const renewed = makeCertificates({ name: 'renewed', hosts: ['localhost', '127.0.0.1'], nowMs: Date.now() });
      for (const name of ['authority', 'server', 'client'] as const) {
        writeFileSync(join(dataDir, 'tls', `${name}.crt`), renewed[name].certificate);
        writeFileSync(join(dataDir, 'tls', `${name}.key`), renewed[name].key);
      }
      expect((await typed(['status', ...here])).exit).toBe(3);
      process.kill(pid, 'SIGHUP');
      await expect.poll(async () => (await typed(['status', ...here])).exit, { timeout: 10_000 }).toBe(0);
      const stranger = await typed(['status', '--data-dir', join(folder, 'none'), '--rpc', url]);
      expect([stranger.exit, stranger.stdout]).toEqual([3, '']);
      expect(stranger.stderr).toMatch(/its certificate is not trusted .*\n.*--data-dir/);
      const nameless = join(folder, 'nameless');
      mkdirSync(join(nameless, 'tls'), { recursive: true });
      copyFileSync(authority, join(nameless, 'tls', 'authority.crt'));
      const refused = await typed(['status', '--data-dir', nameless, '--rpc', url]);
      expect(refused.exit).toBe(3);
      expect(refused.stderr).toMatch(/closed the connection .*\n.*tls\/client\.crt/);
      const plain = await typed(['status', ...here, '--rpc', url.replace('https:', 'http:')]);
      expect(plain.exit).toBe(3);
      expect(plain.stderr).toContain(`If this port speaks https, ask at ${url}`);
    } finally {
      expect((await typed(['stop', ...here])).exit).toBe(0);
    }
  }, 60_000);

  it.each([[['--tls-host', 'x']], [['--tls', '--tls-host', 'a/b']], [['--tls', '--tls-host', 'ä']]])(
    'refuses %j before it makes anything',
    async words => {
      const dataDir = join(folder, 'wrong');
      expect((await typed(['init', '--data-dir', dataDir, ...words])).exit).toBe(2);
      expect(() => statSync(dataDir)).toThrow();
    },
  );
});
