/**
 * Keeps the pages true: what they link to and name exists, and what they do not have run by commands.test.ts is run by the test that a
 * comment names.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allPages, codesOf, commandsOf, linksOf, readPage } from './pages.ts';
import { repositoryRoot } from './programs.ts';

const pages = allPages();
const top = new Set(readdirSync(repositoryRoot));
const packageJson: {
  readonly scripts: object;
  readonly exports: object;
  readonly dependencies: object;
  readonly devDependencies: object;
} = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8'));

describe('the pages', () => {
  it.each(pages.map(page => [page.path, page] as const))('%s links to files that exist', (path, page) => {
    const missing = linksOf(page).filter(target => !existsSync(join(repositoryRoot, dirname(path), target)));
    expect(missing).toEqual([]);
  });

  it.each(pages.map(page => [page.path, page] as const))('%s names files that exist', (_, page) => {
    expect(
      codesOf(page)
        .filter(isPath)
        .filter(name => !isThere(name)),
    ).toEqual([]);
  });

  it.each(pages.map(page => [page.path, page] as const))('%s names commands that exist', (_, page) => {
    const verbs = new Set(Array.from(help().matchAll(/^ {2}([a-z]+)\b/gm), match => match[1]));
    const unknown = codesOf(page).filter(code => {
      const [, verb] = /^kvchain ([a-z]+)/.exec(code) ?? [];
      const [, script] = /^npm run ([\w:-]+)/.exec(code) ?? [];
      return (verb !== undefined && !verbs.has(verb)) || (script !== undefined && !(script in packageJson.scripts));
    });
    expect(unknown).toEqual([]);
  });

  it('have a row for each decision', () => {
    const index = readFileSync(join(repositoryRoot, 'docs/decisions/README.md'), 'utf8');
    const files = readdirSync(join(repositoryRoot, 'docs/decisions')).filter(name => /^\d{4}-/.test(name));
    expect(files.filter(name => !index.includes(`](${name})`))).toEqual([]);
  });

  it('name each dependency, with the licence that it has', () => {
    const page = readFileSync(join(repositoryRoot, 'docs/decisions/0010-dependencies.md'), 'utf8');
    const rows = page
      .split('\n')
      .filter(line => line.startsWith('| '))
      .map(line => line.split('|').map(cell => cell.trim()));
    const wrong = Object.keys(packageJson.dependencies).filter(name => {
      const row = rows.find(cells =>
        (cells[1] ?? '')
          .replace(/ \(.*\)$/, '')
          .split(', ')
          .includes(name),
      );
      return row?.[2] !== licenceOf(name);
    });
    expect(wrong).toEqual([]);
    const development = Object.keys(packageJson.devDependencies).filter(name => !name.startsWith('@types/'));
    expect(development.filter(name => !page.includes(name))).toEqual([]);
  });

  it('show the example of the SDK as it stands in its file', () => {
    const [shown] = readPage('README.md').fences.filter(({ language }) => language === 'js');
    expect(`${shown?.text}\n`).toBe(readFileSync(join(repositoryRoot, 'docs/examples/client.mjs'), 'utf8'));
  });

  it.each(['README.md', 'ARCHITECTURE.md'])('%s says who runs what is not run here, and it is so', path => {
    const elsewhere = readPage(path).fences.filter(({ language, runBy }) => language === 'sh' && runBy !== null);
    const unproved = elsewhere.flatMap(({ runBy, text }) => {
      const file = join(repositoryRoot, runBy ?? '');
      const said = existsSync(file) ? readFileSync(file, 'utf8') : '';
      return commandsOf(text).filter(command => !said.includes(keyWordOf(command)));
    });
    expect(unproved).toEqual([]);
  });
});

/** Paths are what begins with a folder or file of the root, or ends like a source or a page. */
function isPath(code: string): boolean {
  if (!/^[\w.@-]+(?:\/[\w.@-]+)*\/?$/.test(code)) return false;
  const [first = ''] = code.split('/');
  return (code.includes('/') && top.has(first)) || /\.(?:ts|mjs|cjs|md|py)$/.test(code);
}

/** A path from the root, or the name of a file somewhere in the sources. */
function isThere(path: string): boolean {
  if (existsSync(join(repositoryRoot, path))) return true;
  return !path.includes('/') && sourceNames().has(path);
}

let names: ReadonlySet<string> | null = null;
function sourceNames(): ReadonlySet<string> {
  const folders = ['chain', 'consensus', 'daemon', 'cli', 'testnet', 'docs'];
  names ??= new Set(
    folders.flatMap(folder =>
      readdirSync(join(repositoryRoot, folder), { recursive: true, withFileTypes: true }).map(({ name }) => name),
    ),
  );
  return names;
}

let helpText: string | null = null;
function help(): string {
  const program = join(repositoryRoot, 'dist', 'cli', 'main.js');
  helpText ??= execFileSync(process.execPath, [program, '--help'], { encoding: 'utf8' });
  return helpText;
}

function licenceOf(name: string): string {
  const { license } = JSON.parse(readFileSync(join(repositoryRoot, 'node_modules', name, 'package.json'), 'utf8'));
  return String(license);
}

/** The word that a test which runs the command cannot do without: the script of npm, or the program. */
function keyWordOf(command: string): string {
  const [program = '', ...rest] = command.split(' ');
  if (program !== 'npm') return rest[0] ?? program;
  return rest[0] === 'run' ? (rest[1] ?? '') : `npm ${rest[0]}`;
}
