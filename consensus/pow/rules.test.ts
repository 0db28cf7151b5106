import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const folder = 'consensus/pow';
const page = readFileSync('docs/consensus/pow.md', 'utf8');
const sources = readdirSync(folder).filter(name => name.endsWith('.ts') && !/\.(test|suite)\.ts$/.test(name));
/** A place of the page: a path from the root, or a file of this folder. */
const textOf = (name: string) => readFileSync(name.includes('/') ? name : `${folder}/${name}`, 'utf8');
const rulesIn = (text: string) => new Set(text.match(/\bA-[A-Z]\d+\b/g));

const rows = [...page.matchAll(/^\| (A-[A-Z]\d+) \|.*\| ([^|]+) \|$/gm)];

it('every rule of the page stands in the code, and every rule in the code on the page', () => {
  const inCode = rulesIn(sources.map(textOf).join('\n'));
  const here = rows.filter(([, , places]) => !places?.includes('/')).map(([, rule]) => rule);
  expect(here.sort()).toEqual([...inCode].sort());
  expect(inCode.size).toBeGreaterThan(10);
});

it('every place that the page names for a rule exists and carries its id', () => {
  expect(rows).toHaveLength(rulesIn(page).size);
  for (const [, rule, places] of rows) {
    const named = [...(places ?? '').matchAll(/`([a-z/-]+\.ts)(?:: ([\w, ]+))?`/g)];
    expect(named.length).toBeGreaterThan(0);
    for (const [, file, symbols] of named) {
      expect(rulesIn(textOf(file ?? '')), `${file} carries ${rule}`).toContain(rule);
      for (const symbol of symbols?.split(', ') ?? []) {
        expect(textOf(file ?? ''), `${file} declares ${symbol}`).toMatch(
          new RegExp(`(function\\*?|class) ${symbol}\\b`),
        );
      }
    }
  }
});
