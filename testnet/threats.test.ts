import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from './ci/programs.ts';
import { type ThreatChapter, threatChapters } from './threats.ts';
import { threatFiles, threatIds, threatTests, unprovenThreats } from './threats-tests.ts';

const chapters: readonly ThreatChapter[] = [
  {
    title: 'Planted',
    rows: {
      Q1: { attack: 'of the first kind' },
      Q2: { attack: 'of the second kind', state: 'owed' },
      Q3: { attack: 'of the third kind', state: { builtBy: 'another part' } },
    },
  },
];

/** Titles as they stand in a source; here they must not be taken for tests themselves. */
const [first, second] = ['in a suite', 'of $kind'].map((sentence, index) => `'Q${index + 1}: ${sentence}'`);

describe('the check of threats', () => {
  it('accepts a row with a test that passed, and asks nothing of one that is not built', () => {
    expect(unprovenThreats([{ title: 'Q1: is refused', status: 'passed' }], chapters)).toEqual([]);
  });

  it.each([
    ['a row without a test', [], 'Q1 has no test that ran: of the first kind'],
    ['a row whose test was skipped', [['Q1: is refused', 'skipped']], 'Q1 skipped: "Q1: is refused"'],
    [
      'a row of two tests of which one failed',
      [
        ['Q1: a', 'passed'],
        ['Q1: b', 'failed'],
      ],
      'Q1 failed: "Q1: b"',
    ],
    ['an id that is no row', [['Q1, Q9: both', 'passed']], 'Q9 is no row of the table: "Q1, Q9: both"'],
    ['an id that does not stand first', [['refuses Q1: so', 'passed']], 'Q1 has no test that ran: of the first kind'],
  ])('fails on %s', (_, results, problem) => {
    const reported = results.map(([title = '', status = '']) => ({ title, status }));
    expect(unprovenThreats(reported, chapters)).toEqual([problem]);
  });

  it('reads more than one id from a title', () => {
    const [two, none] = ['Q1, Q2: twins', 'Q1 and more'];
    expect(threatIds(`${two}`)).toEqual(['Q1', 'Q2']);
    expect(threatIds(`${none}`)).toEqual([]);
  });

  it('has an id once in the whole table', () => {
    const ids = threatChapters.flatMap(({ rows }) => Object.keys(rows));
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('finds no id in the sources that is not in the table', () => {
    const rows = new Set(threatChapters.flatMap(chapter => Object.keys(chapter.rows)));
    const unknown = threatTests(repositoryRoot).filter(({ ids }) => ids.some(id => !rows.has(id)));
    expect(unknown).toEqual([]);
  });
});

describe('the tests of threats', () => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'kvchain-threats-'));
    for (const folder of ['chain', 'consensus', 'daemon', 'cli', 'testnet']) mkdirSync(join(root, folder));
    const files = {
      'a.suite.ts': `export function suite() {\n  it(${first}, () => {});\n}\n`,
      'b.test.ts': "import { suite } from './a.suite.ts';\nsuite();\n",
      'c.test.ts': `describe('c', () => {\n  it.each(rows)(\n    ${second},\n  );\n});\n`,
      'd.test.ts': "it('nothing of Q1: here', () => {});\n",
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'chain', name), text);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('are found with their suite, wherever the title stands', () => {
    expect(threatTests(root)).toEqual([
      { ids: ['Q1'], title: 'in a suite', file: 'chain/a.suite.ts' },
      { ids: ['Q2'], title: 'c: of $kind', file: 'chain/c.test.ts' },
    ]);
  });

  it('are run by their files, and those of a suite by the files that use it', () => {
    expect(threatFiles(root)).toEqual(['dist/chain/b.test.js', 'dist/chain/c.test.js']);
  });
});
