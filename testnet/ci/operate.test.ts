/**
 * The files of docs/operate that systems read, against the programs that they start; the unit by systemd's own check where there is
 * one, compose.yaml by its YAML. `npm run lint:dockerfile` has the Dockerfile's linter, which is not installed with the others.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { repositoryRoot } from './programs.ts';

const folder = join(repositoryRoot, 'docs', 'operate');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const packageJson: { readonly bin: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(repositoryRoot, 'package.json'), 'utf8'),
);
const help = execFileSync(process.execPath, [join(repositoryRoot, 'dist/daemon/main.js'), '--help'], {
  encoding: 'utf8',
});
/** The port for peers when none is set. */
const [, peerPort = ''] = /--p2p-port <PORT>[^(]*\(default:\s+(\d+)\)/.exec(help) ?? [];

it('the index of docs/operate names every file of the folder', () => {
  const index = read('README.md');
  const missing = readdirSync(folder).filter(name => !index.includes(`](${name})`));
  expect(missing).toEqual(['Dockerfile.dockerignore', 'README.md']);
});

describe('the Dockerfile', () => {
  const text = read('Dockerfile');

  it('links the programs of the package, and starts the daemon', () => {
    const links = Array.from(text.matchAll(/ln -s \/opt\/kvchain\/(\S+) \/usr\/local\/bin\/(\S+)/g));
    expect(links.map(([, file, name]) => [name, file])).toEqual(
      Object.entries(packageJson.bin).filter(([name]) => name !== 'kvchain-testnet'),
    );
    expect(text).toContain('ENTRYPOINT ["kvchaind"]');
    expect(text).toContain(`EXPOSE ${peerPort}\n`);
  });

  it('copies what is there', () => {
    const copied = Array.from(text.matchAll(/COPY --from=build \/kvchain\/(\S+)/g), ([, name = '']) => name);
    expect(copied.filter(name => !existsSync(join(repositoryRoot, name)))).toEqual([]);
    expect(copied).toHaveLength(3);
  });

  it.each([
    [0, 'new Response()'],
    [1, 'new Response(null, { status: 503 })'],
    [1, 'Promise.reject(new Error())'],
  ])('has a check of health that ends with %i after %s', (exit, answer) => {
    const [, command = ''] = /^ {2}CMD (\[.*\])$/m.exec(text) ?? [];
    const [program, flag, script]: readonly string[] = JSON.parse(command);
    expect([program, flag]).toEqual(['node', '-e']);
    const asked = `globalThis.fetch = async url => url === 'http://127.0.0.1:8645/healthz' ? ${answer} : process.exit(9);`;
    expect(spawnSync(process.execPath, ['-e', `${asked}\n${script}`]).status).toBe(exit);
  });
});

describe('compose.yaml', () => {
  const document = parseDocument(read('compose.yaml'), { strict: true });
  const compose: unknown = document.toJS();

  it('is YAML, with keys of the compose specification alone', () => {
    expect([...document.errors, ...document.warnings]).toEqual([]);
    expect(compose).toEqual({
      services: {
        node: {
          build: expect.anything(),
          image: 'kvchain',
          command: ['run'],
          init: true,
          restart: 'on-failure:5',
          stop_grace_period: '15s',
          ports: [`${peerPort}:${peerPort}`],
          volumes: [expect.any(String)],
          read_only: true,
          cap_drop: ['ALL'],
          security_opt: ['no-new-privileges:true'],
          logging: { driver: 'json-file', options: { 'max-size': '50m', 'max-file': '5' } },
        },
      },
      volumes: { data: null },
    });
  });

  it('builds from the clone, and keeps the folder that the image names', () => {
    const [, kept] = /^VOLUME (\S+)$/m.exec(read('Dockerfile')) ?? [];
    expect(document.getIn(['services', 'node', 'volumes', 0])).toBe(`data:${kept}`);
    const context = join(folder, String(document.getIn(['services', 'node', 'build', 'context'])));
    expect(existsSync(join(context, 'package-lock.json'))).toBe(true);
    expect(existsSync(join(context, String(document.getIn(['services', 'node', 'build', 'dockerfile']))))).toBe(true);
  });
});

describe('kvchaind.service', () => {
  const text = read('kvchaind.service');
  const [, command = ''] = /^ExecStart=(.*)$/m.exec(text) ?? [];
  const analyze = '/usr/bin/systemd-analyze';

  it('starts the daemon with flags that it knows, on the folder that systemd makes', () => {
    const [program, verb, ...flags] = command.split(' ');
    expect([program, verb]).toEqual(['/usr/local/bin/kvchaind', 'run']);
    expect(flags.filter(flag => flag.startsWith('--') && !help.includes(`${flag} `))).toEqual([]);
    const [, state] = /^StateDirectory=(.*)$/m.exec(text) ?? [];
    expect(flags).toEqual(['--data-dir', `/var/lib/${state}`]);
  });

  it.runIf(existsSync(analyze))('has nothing that systemd objects to, which does object', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'kvchain-unit-'));
    const said = (unit: string): string => {
      const file = join(scratch, 'kvchaind.service');
      // The program is not installed where tests run.
      writeFileSync(file, unit.replace('/usr/local/bin/kvchaind', process.execPath));
      const { stdout, stderr } = spawnSync(analyze, ['verify', '--man=no', file], { encoding: 'utf8' });
      return stdout + stderr;
    };
    expect(said(text)).toBe('');
    expect(said(text.replace('ProtectSystem', 'ProtectSytem'))).toContain('ProtectSytem');
    rmSync(scratch, { recursive: true });
  });
});
