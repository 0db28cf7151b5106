/** `npm run check:rules`: every rule on the pages of the engines (docs/consensus/) names places in the code that exist and carry its id. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ruleProblems, ruleRows } from './rules-page.ts';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const folder = join(root, 'docs/consensus');
for (const name of readdirSync(folder)) {
  const page = readFileSync(join(folder, name), 'utf8');
  const engine = basename(name, '.md');
  const problems = ruleProblems(root, engine, page);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
  else process.stdout.write(`${engine}: ${ruleRows(page).length} rules\n`);
}
