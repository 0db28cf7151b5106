/** The pages of the engines name a place in the code for each rule: whether the place exists and carries the rule's id. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A row of a table of rules: `| A-F1 | meaning | `fork-choice.ts: selectBest, isBetter` |`. */
export interface RuleRow {
  readonly rule: string;
  /** Files from the engine's folder, or from the root when they have a slash, and what they are to declare. */
  readonly places: readonly { readonly file: string; readonly symbols: readonly string[] }[];
}

const row = /^\| ([A-Z]-[A-Z]?\d+) \|.*\| ([^|]+) \|$/gm;
const place = /`([a-z0-9/-]+\.ts)(?:: ([\w, ]+))?`/g;
const ruleId = /\b[A-Z]-[A-Z]?\d+\b/g;

/** The rules of a page, in its order. */
export function ruleRows(page: string): readonly RuleRow[] {
  return Array.from(page.matchAll(row), ([, rule = '', places = '']) => ({
    rule,
    places: Array.from(places.matchAll(place), ([, file = '', symbols = '']) => ({
      file,
      symbols: symbols.split(', ').filter(symbol => symbol !== ''),
    })),
  }));
}

/**
 * What is wrong, a line each: a rule without a place, a place that is no file, a function or class that the file does not declare or that
 * does not carry the id (in its body, the comment above it or the file's head), a rule of the engine's code that the page leaves out. `engine` is the
 * name of the page, and of the engine's folder where the page's title names no other.
 */
export function ruleProblems(root: string, engine: string, page: string): readonly string[] {
  const rows = ruleRows(page);
  const [, named = engine] = /^# Engine `([a-z-]+)`/.exec(page) ?? [];
  const folder = join(root, 'consensus', named);
  const sources = readdirSync(folder).filter(name => name.endsWith('.ts') && !/\.(test|suite)\.ts$/.test(name));
  const inCode = new Set(sources.flatMap(name => readFileSync(join(folder, name), 'utf8').match(ruleId) ?? []));
  const onPage = new Set(rows.map(({ rule }) => rule));
  const shown = (rule: string) => `docs/consensus/${engine}.md, ${rule}`;
  return [
    ...[...inCode].filter(rule => !onPage.has(rule)).map(rule => `${shown(rule)}: stands in the code and not here`),
    ...rows.filter(({ places }) => places.length === 0).map(({ rule }) => `${shown(rule)}: names no place`),
    ...rows.flatMap(({ rule, places }) =>
      places.flatMap(({ file, symbols }) => {
        const text = textOf(file.includes('/') ? join(root, file) : join(folder, file));
        return placeProblems({ rule, file, symbols, text }).map(problem => `${shown(rule)}: ${problem}`);
      }),
    ),
  ];
}

interface Place {
  readonly rule: string;
  readonly file: string;
  readonly symbols: readonly string[];
  /** Null when there is no such file. */
  readonly text: string | null;
}

function placeProblems({ rule, file, symbols, text }: Place): readonly string[] {
  if (text === null) return [`there is no ${file}`];
  if (!carries(text, rule)) return [`${file} does not carry the id`];
  return symbols.flatMap(symbol => {
    const declaration = declarationOf(text, symbol);
    if (declaration === null) return [`${file} declares no function or class ${symbol}`];
    return carries(headOf(text) + declaration, rule) ? [] : [`${symbol} of ${file} does not carry the id`];
  });
}

function carries(text: string, rule: string): boolean {
  return new RegExp(`\\b${rule}\\b`).test(text);
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** The comment with which a file begins. */
function headOf(text: string): string {
  return /^\/\*\*.*?\*\//s.exec(text)?.[0] ?? '';
}

/** A function or class of the top level with the comment above it: from there to the first line that is a closing brace alone. */
function declarationOf(text: string, symbol: string): string | null {
  const lines = text.split('\n');
  const begin = lines.findIndex(line => new RegExp(`^(export )?(async )?(function\\*?|class) ${symbol}\\b`).test(line));
  if (begin < 0) return null;
  const end = lines.findIndex((line, index) => index > begin && line === '}');
  let top = begin;
  while (top > 0 && /^(\/\*\*|\/\/| \*)/.test(lines[top - 1] ?? '')) top -= 1;
  return lines.slice(top, end + 1).join('\n');
}
