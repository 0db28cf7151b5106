/**
 * Promises that nobody waits for: one that fails so ends the process, or hides the failure. oxlint finds them by their types; that one
 * which is let go on purpose says why, as in `void promise; // why this one cannot fail`, is seen here. A place is printed as path:line
 * on every terminal, which oxlint's own format does not do in colour.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listSources } from './sources.mjs';

const ts = createRequire(import.meta.url)('typescript');
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const folders = ['chain', 'consensus', 'daemon', 'cli', 'testnet'];
/** A file without it is not parsed: `void` as a type is followed by no operand. */
const mayLetGo = /\bvoid [\w(]/;

const oxlint = ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings', '--format=unix'];
const { status } = spawnSync(process.execPath, oxlint, { cwd: root, stdio: 'inherit' });
const unexplained = listSources(root, folders).flatMap(findUnexplained);
for (const place of unexplained) process.stderr.write(`${place} lets a promise go without saying why\n`);
process.exit(status === 0 && unexplained.length === 0 ? 0 : 1);

/** The `void` statements of a source that have no comment behind them or above. */
function findUnexplained(path) {
  const text = readFileSync(join(root, path), 'utf8');
  if (!mayLetGo.test(text)) return [];
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const found = [];
  const visit = node => {
    if (ts.isExpressionStatement(node) && ts.isVoidExpression(node.expression) && !hasComment(text, node))
      found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function hasComment(text, { pos, end }) {
  return Boolean(ts.getTrailingCommentRanges(text, end) ?? ts.getLeadingCommentRanges(text, pos));
}
