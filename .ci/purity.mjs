/**
 * Keeps clock, chance, locale and globals out of the pure core. The compiler stops most (`types: []`, a short allow-list in
 * chain/platform.d.ts); what the language itself brings, such as Date and Math.random, it cannot stop: this does. The part of
 * the daemon that the simulator runs (everything that daemon/node.ts imports) may not touch a real clock or timer either.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listSources } from './sources.mjs';

// An import would parse its nine megabytes twice more, to tell the kind of module and the names.
const ts = createRequire(import.meta.url)('typescript');
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const isTest = path => /\.(test|suite)\.ts$/.test(path);

const hosts =
  'process performance crypto fetch Worker queueMicrotask setTimeout setInterval setImmediate clearTimeout clearInterval';
const hostGlobals = new Set(['Date', 'Intl', 'Temporal', 'console', ...hosts.split(' ')]);
const languageGlobals = new Set([
  'globalThis',
  'eval',
  'Function',
  'WeakRef',
  'FinalizationRegistry',
  'Atomics',
  'SharedArrayBuffer',
]);
const localeMethods = /^(localeCompare|toLocale[A-Z]\w*)$/;

const pure = listSources(root, ['chain', 'consensus']).filter(path => !isTest(path) && path !== 'chain/platform.d.ts');
const coreRoot = 'daemon/node.ts';
const core = reachableFrom(coreRoot).filter(path => path.startsWith('daemon/'));
const findings = [...pure.flatMap(path => inspect(path, 'pure')), ...core.flatMap(path => inspect(path, 'core'))];
if (core.length === 0) findings.push(`${coreRoot} is missing: what the simulator runs can no longer be told`);
if (findings.length > 0) {
  process.stderr.write(
    `${findings.join('\n')}\nTime, chance and the world come in as arguments (chain/, consensus/) or ports (daemon/).\n`,
  );
  process.exit(1);
}

function parse(path) {
  return ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true);
}

/** Everything that a file brings to life; type-only imports run nothing. */
function reachableFrom(path, seen = new Set()) {
  if (seen.has(path) || !existsSync(join(root, path))) return [];
  seen.add(path);
  const imports = parse(path).statements.filter(
    node => (ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly) || ts.isExportDeclaration(node),
  );
  const targets = imports.map(node => node.moduleSpecifier?.text).filter(name => name?.startsWith('.'));
  return [path, ...targets.flatMap(name => reachableFrom(join(dirname(path), name).replaceAll('\\', '/'), seen))];
}

/** `part`: 'pure', of chain/ and consensus/, or 'core', what the simulator runs of the daemon. */
function inspect(path, part) {
  const file = parse(path);
  const found = [];
  const report = (node, what) =>
    found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${what}`);
  const visit = node => {
    if (ts.isIdentifier(node)) inspectIdentifier(node, part, report);
    if (ts.isElementAccessExpression(node) && node.expression.getText() === 'Math')
      report(node, 'Math[...] hides which function it is');
    if (part === 'core' && ts.isImportDeclaration(node)) inspectCoreImport(node, report);
    if (part === 'pure' && node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword)) {
      report(node, 'declares something of the platform: only chain/platform.d.ts may');
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  if (part === 'pure') inspectComments(file, report);
  return found;
}

/** Assertions and event emitters neither wait nor ask the machine for anything. What chain/ imports is a rule of direction. */
function inspectCoreImport({ importClause, moduleSpecifier }, report) {
  if (importClause?.isTypeOnly || /^(?!node:)|^node:(assert|events)$/.test(moduleSpecifier.text)) return;
  report(moduleSpecifier, `imports ${moduleSpecifier.text}`);
}

function inspectIdentifier(node, part, report) {
  const name = node.text;
  if (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) {
    const owner = node.parent.expression.getText();
    if (owner === 'Math' && name === 'random') report(node, 'uses Math.random');
    if (owner === 'AbortSignal' && name === 'timeout') report(node, 'uses AbortSignal.timeout');
    if (localeMethods.test(name)) report(node, `uses ${name}, which depends on the machine's language`);
    return;
  }
  if (isPropertyName(node)) return;
  if (name === 'Math' && !isOwnerOfProperty(node)) report(node, 'takes Math apart, which hides which function it is');
  if (hostGlobals.has(name) || (part === 'pure' && languageGlobals.has(name))) report(node, `uses ${name}`);
}

function isOwnerOfProperty(node) {
  const { parent } = node;
  return (ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent)) && parent.expression === node;
}

/** The name of a member is no use of the global with the same name. */
function isPropertyName(node) {
  const { parent } = node;
  const named = ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isPropertyDeclaration(parent);
  const method = ts.isMethodDeclaration(parent) || ts.isMethodSignature(parent);
  return ((named || method) && parent.name === node) || (ts.isBindingElement(parent) && parent.propertyName === node);
}

/** Directives that bring types in, or silence the compiler, would undo what it checks. */
function inspectComments(file, report) {
  for (const { fileName } of [
    ...file.typeReferenceDirectives,
    ...file.libReferenceDirectives,
    ...file.referencedFiles,
  ]) {
    report(file, `references ${fileName}, which lets types of the platform in`);
  }
  const silenced = /@ts-(ignore|expect-error|nocheck)/.exec(file.text);
  if (silenced) report(file, `silences the compiler with ${silenced[0]}`);
}
