/** Finds the tests of the table of threats: in the sources, for its page, and in what vitest reports, for its check. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { type Threat, type ThreatChapter, threatChapters } from './threats.ts';

/** A test that names rows, as it stands in its file. */
export interface ThreatTest {
  readonly ids: readonly string[];
  /** With the name of its `describe` before it, when it has one. */
  readonly title: string;
  /** From the root, with slashes. */
  readonly file: string;
}

/** One test as vitest reports it; the status of one that ran and held is `passed`. */
export interface TestResult {
  readonly title: string;
  readonly status: string;
}

const folders = ['chain', 'consensus', 'daemon', 'cli', 'testnet'];
const idList = '(?:[A-Z]\\d+, )*[A-Z]\\d+';
/** What the title of a test of threats begins with: `C8: ` or `C8, C9: `. */
const beginning = new RegExp(`^(${idList}): `);
/** For vitest, which matches the names of the suites with the title behind them. */
export const threatTitlePattern = `(^| )${idList}: `;
const quotedTitle = new RegExp(`(?:\\(|^ *)(['"\`])((${idList}): (?:(?!\\1).)+)\\1`);
const suiteTitle = /^describe.*?\((['"`])((?:(?!\1).)+)\1, /;

/** The rows that a title names; none when it begins otherwise. */
export function threatIds(title: string): readonly string[] {
  return beginning.exec(title)?.[1]?.split(', ') ?? [];
}

/** Every test under `root` whose title begins with ids, by file. */
export function threatTests(root: string): readonly ThreatTest[] {
  return testFiles(root).flatMap(path => titlesIn(path, root));
}

/** The compiled test files that hold tests of threats, those behind a suite that they run included. */
export function threatFiles(root: string): readonly string[] {
  const direct = new Set(threatTests(root).map(({ file }) => resolve(root, file)));
  const suites = [...direct].filter(path => path.endsWith('.suite.ts'));
  const runners = testFiles(root).filter(path => importsOf(path).some(imported => suites.includes(imported)));
  return [...new Set([...direct, ...runners])]
    .filter(path => path.endsWith('.test.ts'))
    .map(path => `dist/${relative(root, path).replaceAll(sep, '/').replace(/ts$/, 'js')}`)
    .sort();
}

/** What is wrong with the table after these tests ran: rows without a test, tests that did not pass, ids that are no rows. One line each. */
export function unprovenThreats(
  results: readonly TestResult[],
  chapters: readonly ThreatChapter[] = threatChapters,
): readonly string[] {
  const rows = new Map<string, Threat>(chapters.flatMap(chapter => Object.entries(chapter.rows)));
  const named = results.flatMap(result => threatIds(result.title).map(id => ({ id, ...result })));
  const proven = new Set(named.map(({ id }) => id));
  return [
    ...named.filter(({ id }) => !rows.has(id)).map(({ id, title }) => `${id} is no row of the table: "${title}"`),
    ...named.filter(({ status }) => status !== 'passed').map(({ id, title, status }) => `${id} ${status}: "${title}"`),
    ...Array.from(rows)
      .filter(([id, { state }]) => state === undefined && !proven.has(id))
      .map(([id, { attack }]) => `${id} has no test that ran: ${attack}`),
  ];
}

function titlesIn(path: string, root: string): readonly ThreatTest[] {
  const file = relative(root, path).replaceAll(sep, '/');
  let suite = '';
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line): readonly ThreatTest[] => {
      suite = line.startsWith('describe') ? (suiteTitle.exec(line)?.[2] ?? '') : line.startsWith('}') ? '' : suite;
      const [, , title, ids] = quotedTitle.exec(line) ?? [];
      if (title === undefined || ids === undefined) return [];
      const sentence = title.slice(ids.length + 2);
      return [{ ids: ids.split(', '), title: suite === '' ? sentence : `${suite}: ${sentence}`, file }];
    });
}

function importsOf(path: string): readonly string[] {
  const found = readFileSync(path, 'utf8').matchAll(/ from '(\.[^']+)'/g);
  return Array.from(found, ([, target = '']) => join(dirname(path), target));
}

function testFiles(root: string): readonly string[] {
  return folders
    .flatMap(folder => readdirSync(join(root, folder), { withFileTypes: true, recursive: true }))
    .filter(entry => entry.isFile() && /\.(?:test|suite)\.ts$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
}
