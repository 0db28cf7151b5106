/**
 * docs/operate/limits.md from the sources: every constant whose name ends in Max, Cap, Limits or TimeoutMs, with the value that its expression
 * gives and the comment above it. A limit that is on no part of the page, or has no meaning, stops the writing of the documents.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { defaultParams } from '../chain/params.ts';
import { chapters, meanings, notOnThePage, ofEngines } from './limits-chapters.ts';
import { evaluate } from './limits-expression.ts';

/** One limit as it stands in a source file. */
interface Limit {
  /** From the root, with slashes. */
  readonly file: string;
  /** `name`, or `object.name`. */
  readonly name: string;
  readonly expression: string;
  readonly comment: string;
}

const folders = ['chain', 'consensus', 'daemon', 'cli'];
const constant = /^(?:export )?const (\w+(?:Max|Cap|Limits|TimeoutMs))(?:: [\w<>]+)? = (.+)$/;
const entry = /(\w+): ([^,{}]+?),?(?= \w+:| \}|$)/g;

/** The page. Throws an Error that names the limit when one has no chapter or no meaning. */
export function limitsPage(root: string, notice: string): string {
  const files = folders.flatMap(folder => sourcesIn(join(root, folder)));
  const limits = files.flatMap(path =>
    readLimits(relative(root, path).replaceAll(sep, '/'), readFileSync(path, 'utf8')),
  );
  const told = limits.filter(({ file, name }) => !notOnThePage.has(`${file} ${name}`) && !notOnThePage.has(file));
  const homeless = told.filter(
    ({ file }) => !chapters.some(chapter => chapter.files.some(wanted => isOf(file, wanted))),
  );
  if (homeless.length > 0) throw new Error(`limits without a chapter: ${homeless.map(nameOf).join(', ')}`);
  return [
    notice,
    '# Limits',
    '',
    'Everything that others can make a node hold, read or do is bounded. Names are those of the code; what ends in Bytes counts bytes, in Ms milliseconds.',
    'A limit is changed in the code, but for those of the network, which its genesis sets, and those with a flag ([configuration](../reference/config.md)).',
    '',
    ...networkChapter(readFileSync(join(root, 'chain', 'genesis.ts'), 'utf8')),
    ...chapters.flatMap(({ title, why, files: wanted }) => [
      `## ${title}`,
      '',
      why,
      '',
      '| limit | value | what it bounds | in |',
      '|---|---|---|---|',
      ...wanted.flatMap(one => told.filter(({ file }) => isOf(file, one))).map(limit => rowOf(limit, limits)),
      '',
    ]),
  ].join('\n');
}

/** What a genesis may set, with the values of a network whose genesis names none. */
function networkChapter(source: string): readonly string[] {
  const params = Object.entries(defaultParams('pow')).filter(([name]) => /(?:Max|Ms|Confirmations)$/.test(name));
  const comments = new Map(membersOf(source).map(({ name, comment }) => [name, comment]));
  const rows = params.map(([name, value]) => {
    const meaning = meanings[name] ?? comments.get(name) ?? '';
    if (meaning === '') throw new Error(`the parameter ${name} has no meaning`);
    return `| ${name} | ${grouped(BigInt(value))} | ${cell(meaning)} |`;
  });
  return [
    '## Of the network',
    '',
    'Parameters of the genesis; the values are its defaults.',
    '',
    '| parameter | default | what it bounds |',
    '|---|---|---|',
    ...rows,
    '',
  ];
}

function rowOf(limit: Limit, all: readonly Limit[]): string {
  const meaning = meanings[nameOf(limit)] ?? limit.comment;
  if (meaning === '')
    throw new Error(`${nameOf(limit)} has neither a comment nor a meaning in testnet/limits-chapters.ts`);
  const value = evaluate(limit.expression, name => {
    const found =
      all.find(other => other.name === name && other.file === limit.file) ?? all.find(other => other.name === name);
    if (found === undefined) throw new Error(`${nameOf(limit)}: ${name} is not a limit`);
    return found.expression;
  });
  return `| ${limit.name} | ${grouped(value)} | ${cell(meaning)} | \`${limit.file}\` |`;
}

function readLimits(file: string, source: string): readonly Limit[] {
  const lines = source.split('\n');
  const members = new Map(membersOf(source).map(({ name, comment }) => [name, comment]));
  return lines.flatMap((line, index): readonly Limit[] => {
    const [, name, rest] = constant.exec(line) ?? [];
    if (name === undefined || rest === undefined) return [];
    if (!rest.startsWith('{'))
      return [{ file, name, expression: rest.replace(/;$/, ''), comment: commentAbove(lines, index) }];
    return entriesOf(lines, index, rest).map(({ at, key, expression }) => ({
      file,
      name: `${name}.${key}`,
      expression,
      comment: members.get(key) ?? commentAbove(lines, at),
    }));
  });
}

/** The entries of the object that opens on line `start`; on that line itself, or one a line. */
function entriesOf(
  lines: readonly string[],
  start: number,
  first: string,
): readonly { at: number; key: string; expression: string }[] {
  const end = first.includes('}') ? start : lines.findIndex((line, index) => index > start && line.startsWith('}'));
  const at = first.includes('}') ? [start] : Array.from({ length: end - start - 1 }, (_, index) => start + 1 + index);
  return at.flatMap(index => {
    const text = index === start ? first.slice(1) : (lines[index] ?? '').trim();
    if (/^(?:\/\*\*|\*|\/\/)/.test(text)) return [];
    return Array.from(text.matchAll(entry), ([, key = '', expression = '']) => ({ at: index, key, expression }));
  });
}

/** Members of interfaces, with their comments. */
function membersOf(source: string): readonly { readonly name: string; readonly comment: string }[] {
  const lines = source.split('\n');
  return lines.flatMap((line, index) => {
    const name = /^ {2}readonly (\w+): /.exec(line)?.[1];
    const comment = name === undefined ? '' : commentAbove(lines, index);
    return name === undefined || comment === '' ? [] : [{ name, comment }];
  });
}

/** The comment that ends on the line above; lines between them that have none of their own share it. */
function commentAbove(lines: readonly string[], index: number): string {
  let end = index - 1;
  while (/^(?:export const|const| {2}(?:readonly )?\w+:)/.test(lines[end] ?? '')) end--;
  if (!(lines[end] ?? '').trimEnd().endsWith('*/')) return '';
  let start = end;
  while (!(lines[start] ?? '').trimStart().startsWith('/**')) start--;
  const text = lines.slice(start, end + 1).map(line =>
    line
      .trim()
      .replace(/^\/?\*+\/?|\*\/$/g, '')
      .trim(),
  );
  return text.join(' ').trim();
}

function sourcesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(found => found.isFile() && /(?<!\.test|\.suite|\.d)\.ts$/.test(found.name))
    .map(found => join(found.parentPath, found.name))
    .sort();
}

function isOf(file: string, wanted: string): boolean {
  return wanted === ofEngines ? /^consensus\/[^/]+\//.test(file) : file === wanted;
}

function nameOf({ file, name }: Limit): string {
  return `${file} ${name}`;
}

function grouped(value: bigint): string {
  return value.toLocaleString('en-US');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
