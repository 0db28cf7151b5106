/** What package.json and package-lock.json must hold so that `npm ci` works on every machine and brings what was measured. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from './programs.ts';

type Names = Readonly<Record<string, string>>;
type Locked = {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly dependencies?: Names;
  readonly devDependencies?: Names;
  readonly optionalDependencies?: Names;
};

describe('the lockfile', () => {
  let packages: Readonly<Record<string, Locked>>;

  beforeAll(async () => {
    packages = JSON.parse(await readFile(join(repositoryRoot, 'package-lock.json'), 'utf8')).packages;
  });

  it('pins every direct dependency to one version', () => {
    const { dependencies, devDependencies } = packages[''] ?? {};
    const ranges = Object.entries({ ...dependencies, ...devDependencies });
    expect(ranges.length).toBeGreaterThan(0);
    expect(ranges.filter(([, range]) => !/^(npm:.+@)?\d+\.\d+\.\d+$/.test(range))).toEqual([]);
  });

  it('holds every package that another one needs, also those for other platforms', () => {
    const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter(name => !placesToLook(path, name).some(place => place in packages))
        .map(name => `${path} needs ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('names no registry', () => {
    expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  it('holds one version of the interfaces of libp2p', () => {
    const paths = Object.keys(packages).filter(path => path.endsWith('node_modules/@libp2p/interface'));
    expect(paths).toEqual(['node_modules/@libp2p/interface']);
  });

  it('replaces elliptic, into which the native signatures would fall back', () => {
    const entries = Object.entries(packages).filter(([path]) => path.endsWith('node_modules/elliptic'));
    expect(entries.filter(([, { name }]) => name !== '@noble/secp256k1')).toEqual([]);
  });
});

/** Where Node.js looks for `name` from the package at `path`: its own folder first, then every folder around it. */
function placesToLook(path: string, name: string): readonly string[] {
  const own = `${path === '' ? '' : `${path}/`}node_modules/${name}`;
  if (path === '') return [own];
  const parent = path.slice(0, path.lastIndexOf('node_modules/')).replace(/\/$/, '');
  return [own, ...placesToLook(parent, name)];
}
