import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ruleProblems, ruleRows } from './rules-page.ts';

it.each(readdirSync('docs/consensus'))('%s names for each rule places that carry its id', name => {
  const page = readFileSync(`docs/consensus/${name}`, 'utf8');
  expect(ruleRows(page).length).toBeGreaterThan(10);
  expect(ruleProblems('.', name.replace('.md', ''), page)).toEqual([]);
});

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kvchain-rules-'));
  mkdirSync(join(root, 'consensus/toy'), { recursive: true });
  writeFileSync(
    join(root, 'consensus/toy/toy.ts'),
    [
      'const one = 1;',
      '/** Rule A-F1. */',
      'export function above(): void {',
      '}',
      '',
      'function inside(): void {',
      '  // A-F1, A-V2',
      '}',
    ].join('\n'),
  );
});
afterEach(() => rmSync(root, { recursive: true }));

it.each([
  ['a place that is right', '`toy.ts: inside`', []],
  ['an unknown file', '`other.ts`', ['there is no other.ts']],
  ['an unknown function', '`toy.ts: outside`', ['toy.ts declares no function or class outside']],
  ['a function without the id', '`toy.ts: above`', ['above of toy.ts does not carry the id']],
  ['no place', 'somewhere', ['names no place']],
])('tells of %s', (_, places, problems) => {
  const page = `| A-F1 | first | \`toy.ts: inside\` |\n| A-V2 | second | ${places} |\n`;
  expect(ruleProblems(root, 'toy', page)).toEqual(problems.map(problem => `docs/consensus/toy.md, A-V2: ${problem}`));
});

it('tells of a rule of the code that the page leaves out, and takes an id from the comment above', () => {
  writeFileSync(join(root, 'consensus/toy/toy.ts'), '/** A-F1 */\nexport function above(): void {\n}\n// A-V2\n');
  expect(ruleProblems(root, 'toy', '| A-F1 | first | `toy.ts: above` |\n')).toEqual([
    'docs/consensus/toy.md, A-V2: stands in the code and not here',
  ]);
});
