/**
 * One HTML page that tells of the whole project in the chapters of a report: how it is built, what its experiments show, what that means.
 * The pictures are inside, and nothing has to be fetched.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Marked, marked, type Tokens } from 'marked';
import { readManifest } from './manifest.ts';

const style = `
body { font: 16px/1.5 sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: 0.85rem; display: block; overflow-x: auto; }
td, th { border: 1px solid #ccc; padding: 0.15rem 0.5rem; text-align: right; }
section[id^="consensus"] :is(td, th) { text-align: left; }
td:first-child { white-space: nowrap; }
code { background: #f3f3f3; padding: 0 0.2rem; }
pre { background: #f3f3f3; padding: 0.5rem; overflow-x: auto; }
svg { max-width: 100%; height: auto; }
section { border-top: 1px solid #222; margin-top: 3rem; }
`;

/** Experiments by what they show, on whichever engine; one that stands in no list comes after them. */
const subjects = {
  'Resilience: what faults do': [
    'crash-stop',
    'crash-recovery',
    'omission',
    'byzantine',
    'miner-dies',
    'paxos-failover',
  ],
  'Resilience: what the 51 % attack does': [
    'attack-51',
    'double-spend',
    'delay-threshold',
    'selfish-mining',
    'finality-51',
  ],
  'Efficiency: how fast transactions are added and retrieved': [
    'put-rate',
    'put-latency',
    'get-rate',
    'get-latency',
    'difficulty',
    'difficulty-real',
    'paxos-throughput',
    'paxos-wan',
  ],
  'Scale: broadcast, put, retrieve and consensus': ['scale', 'scale-simulated'],
} as const;
const listed: readonly string[] = Object.values(subjects).flat();

const architecture = ['consensus/pow.md', 'consensus/paxos.md', 'consensus/finality.md'];
const discussion = ['discussion.md'];

interface Chapter {
  readonly title: string;
  readonly pages: readonly Page[];
}

interface Page {
  /** Of its section. */
  readonly id: string;
  /** From the folder of the documentation, where its links begin. */
  readonly path: string;
  /** Where it and its pictures are. */
  readonly file: string;
  readonly folder: string;
}

export interface ReportFolders {
  /** Holds a folder an experiment. */
  readonly experiments: string;
  /** The documentation of this program. */
  readonly docs: string;
}

/** The names of the folders in `folder` that hold an experiment, in the order of the alphabet. */
export function experimentFolders(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory());
  const isComplete = (name: string) =>
    ['manifest.json', 'README.md'].every(file => readdirSync(join(folder, name)).includes(file));
  return entries
    .map(({ name }) => name)
    .filter(isComplete)
    .sort();
}

/** The page. Each experiment is a section whose id is the name of its folder. */
export function reportPage(folders: ReportFolders): string {
  const chapters = chaptersOf(folders);
  const ids = new Map(chapters.flatMap(({ pages }) => pages.map(({ path, id }) => [path, id])));
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>kvchain: report</title>',
    `<style>${style}</style></head>`,
    '<body>',
    '<h1>kvchain: report</h1>',
    ...chapters.map(contentsOf),
    ...chapters.flatMap(({ title, pages }) => [`<h1>${title}</h1>`, ...pages.map(page => sectionOf(page, ids))]),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function chaptersOf({ experiments, docs }: ReportFolders): readonly Chapter[] {
  const there = experimentFolders(experiments);
  const ofDocs = (path: string): Page => ({
    id: path.replace(/\.md$/, '').replace('/', '-'),
    path,
    file: join(docs, path),
    folder: docs,
  });
  const ofExperiment = (name: string): Page => ({
    id: name,
    path: `experiments/${name}/README.md`,
    file: join(experiments, name, 'README.md'),
    folder: join(experiments, name),
  });
  const experimentIn = (folder: string) =>
    readManifest(readFileSync(join(experiments, folder, 'manifest.json'), 'utf8')).experiment;
  const chapters: readonly Chapter[] = [
    { title: 'Architecture and implementation', pages: architecture.map(ofDocs) },
    ...Object.entries(subjects).map(([title, names]) => ({
      title,
      pages: names.flatMap(name => there.filter(folder => experimentIn(folder) === name)).map(ofExperiment),
    })),
    {
      title: 'Other experiments',
      pages: there.filter(folder => !listed.includes(experimentIn(folder))).map(ofExperiment),
    },
    { title: 'Discussion', pages: discussion.map(ofDocs) },
  ];
  return chapters.filter(({ pages }) => pages.length > 0);
}

function contentsOf({ title, pages }: Chapter): string {
  const items = pages.map(({ id, file }) => `<li><a href="#${id}">${titleOf(readFileSync(file, 'utf8'))}</a></li>`);
  return `<p>${title}</p>\n<ul>${items.join('')}</ul>`;
}

/** Its first heading, as HTML. */
function titleOf(text: string): string {
  const title = /^# (.+)$/m.exec(text)?.[1] ?? 'untitled';
  return marked.parseInline(title, { async: false });
}

/** The page a level lower. Pictures are put in, and a link leads to the section of what it names, or nowhere when that is not in the report. */
function sectionOf({ id, path, file, folder }: Page, ids: ReadonlyMap<string, string>): string {
  const markdown = new Marked({
    renderer: {
      heading({ tokens, depth }: Tokens.Heading): string {
        return `<h${depth + 1}>${this.parser.parseInline(tokens)}</h${depth + 1}>\n`;
      },
      image({ href }: Tokens.Image): string {
        return readFileSync(join(folder, href), 'utf8').trim();
      },
      link({ href, tokens }: Tokens.Link): string {
        const text = this.parser.parseInline(tokens);
        if (/^https?:/.test(href)) return `<a href="${href}">${text}</a>`;
        const target = ids.get(posix.join(posix.dirname(path), href.replace(/#.*$/, '')));
        return target === undefined ? text : `<a href="#${target}">${text}</a>`;
      },
    },
  });
  return `<section id="${id}">\n${markdown.parse(readFileSync(file, 'utf8'), { async: false })}</section>`;
}
