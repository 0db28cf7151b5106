/** Reads the repository's pages (Markdown): their links, the words in backticks and their fenced blocks with who runs them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './programs.ts';

export interface Fence {
  /** The word behind the opening fence, or nothing. */
  readonly language: string;
  readonly text: string;
  /** From a comment `<!-- run by FILE -->` on the line above: the test that runs the block instead of docs.test.ts. */
  readonly runBy: string | null;
}

export interface Page {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  /** Without the fenced blocks. */
  readonly prose: string;
  readonly fences: readonly Fence[];
}

export function readPage(path: string): Page {
  const fences: Fence[] = [];
  const prose: string[] = [];
  let open: { readonly language: string; readonly runBy: string | null; readonly lines: string[] } | null = null;
  for (const line of readFileSync(join(repositoryRoot, path), 'utf8').split('\n')) {
    if (open !== null && line === '```') {
      fences.push({ language: open.language, runBy: open.runBy, text: open.lines.join('\n') });
      open = null;
    } else if (open !== null) {
      open.lines.push(line);
    } else if (line.startsWith('```')) {
      open = {
        language: line.slice(3),
        runBy: /^<!-- run by (\S+) -->$/.exec(prose.at(-1) ?? '')?.[1] ?? null,
        lines: [],
      };
    } else {
      prose.push(line);
    }
  }
  if (open !== null) throw new Error(`${path}: a fenced block does not end`);
  return { path, prose: prose.join('\n'), fences };
}

/** All pages of the repository, the generated ones too. */
export function allPages(): readonly Page[] {
  const inDocs = readdirSync(join(repositoryRoot, 'docs'), { recursive: true, encoding: 'utf8' });
  const paths = [
    'README.md',
    'ARCHITECTURE.md',
    'CHANGELOG.md',
    ...inDocs.map(path => `docs/${path.replaceAll('\\', '/')}`),
  ];
  return paths
    .filter(path => path.endsWith('.md'))
    .sort()
    .map(readPage);
}

/** Targets of links to other files, without their anchors. */
export function linksOf({ prose }: Page): readonly string[] {
  const targets = Array.from(prose.matchAll(/\]\(([^()\s]+)\)/g), match => match[1] ?? '');
  return targets.filter(target => !/^(?:https?:|#)/.test(target)).map(target => target.replace(/#.*$/, ''));
}

/** What stands in single backticks. */
export function codesOf({ prose }: Page): readonly string[] {
  return Array.from(prose.matchAll(/`([^`\n]+)`/g), match => match[1] ?? '');
}

/** The shell's blocks that no other test runs. */
export function shellBlocks({ fences }: Page): readonly string[] {
  return fences.filter(({ language, runBy }) => language === 'sh' && runBy === null).map(({ text }) => text);
}

export function commandsOf(text: string): readonly string[] {
  return text.split('\n').filter(line => line.trim() !== '');
}
