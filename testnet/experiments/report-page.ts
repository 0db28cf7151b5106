/** One HTML page out of the folders of experiments: their pages one after the other, the pictures inside, nothing to be fetched. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { marked } from 'marked';

const style = `
body { font: 16px/1.5 sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: 0.85rem; display: block; overflow-x: auto; }
td, th { border: 1px solid #ccc; padding: 0.15rem 0.5rem; text-align: right; }
code { background: #f3f3f3; padding: 0 0.2rem; }
svg { max-width: 100%; height: auto; }
section { border-top: 2px solid #222; margin-top: 3rem; }
`;

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
export function reportPage(folder: string): string {
  const names = experimentFolders(folder);
  const pages = names.map(name => ({ name, text: readFileSync(join(folder, name, 'README.md'), 'utf8') }));
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>kvchain: experiments</title>',
    `<style>${style}</style></head>`,
    '<body>',
    '<h1>kvchain: experiments</h1>',
    `<ul>${pages.map(({ name, text }) => `<li><a href="#${name}">${titleOf(text)}</a></li>`).join('')}</ul>`,
    ...pages.map(({ name, text }) => `<section id="${name}">\n${sectionOf(join(folder, name), text)}</section>`),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function titleOf(text: string): string {
  return /^# (.+)$/m.exec(text)?.[1] ?? 'untitled';
}

/** Pictures are put in, and links to another experiment stay on the page. */
function sectionOf(folder: string, text: string): string {
  const html = marked.parse(text, { async: false });
  return html
    .replace(/<img src="([\w-]+\.svg)"[^>]*>/g, (_, file: string) => readFileSync(join(folder, file), 'utf8').trim())
    .replace(/href="\.\.\/([\w-]+)\/README\.md"/g, 'href="#$1"');
}
