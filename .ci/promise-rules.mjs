/**
 * The rules of the check of promises, on a program whose types are known. Accepted are: await, return, keeping it, `.catch(handler)`,
 * `.then(done, failed)`, and `void promise; // why this one cannot fail, or who handles it`.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { listSources } from './sources.mjs';

// An import would parse its nine megabytes twice more, to tell the kind of module and the names.
const ts = createRequire(import.meta.url)('typescript');
const folders = ['chain', 'consensus', 'daemon', 'cli', 'testnet'];

/** What is checked: paths from `root`. */
export function listChecked(root) {
  return listSources(root, folders).filter(path => !path.endsWith('.d.ts'));
}

/** Whether the sources, as `print` tells them, were looked at as a whole and nothing was found. */
export function isRecorded(root, print) {
  const path = recordPath(root);
  return existsSync(path) && readFileSync(path, 'utf8') === print;
}

/** `print` was taken before the look; what was saved during it may not be what was looked at. */
export function recordLook(root, print) {
  if (fingerprint(root) !== print) return;
  mkdirSync(dirname(recordPath(root)), { recursive: true });
  writeFileSync(recordPath(root), print);
}

function recordPath(root) {
  return join(root, 'dist', '.promises-checked');
}

/** Of everything that the findings depend on. */
export function fingerprint(root) {
  const configs = ['.ci', ...folders].map(folder => `${folder}/tsconfig.json`);
  const tools = ['.ci/compile.mjs', '.ci/promise-rules.mjs', 'tsconfig.json', 'package.json', 'package-lock.json'];
  const paths = [...listSources(root, folders), ...configs, ...tools].filter(path => existsSync(join(root, path)));
  const hash = createHash('sha256');
  for (const path of paths) {
    const content = readFileSync(join(root, path));
    hash.update(`${path} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** One line each for the promises of `files` that nobody waits for. */
export function findFloating(root, program, files) {
  const checker = program.getTypeChecker();
  return files.flatMap(file => inspect(root, file, checker));
}

/** A source file's path from `root`, with forward slashes. */
export function pathOf(root, file) {
  return relative(root, file.fileName).split(sep).join('/');
}

function inspect(root, file, checker) {
  const found = [];
  const report = (node, what) =>
    found.push(`${pathOf(root, file)}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${what}`);
  const visit = node => {
    if (ts.isExpressionStatement(node)) inspectStatement(node, file, checker, report);
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) inspectCallbacks(node, checker, report);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function inspectStatement({ expression, end }, file, checker, report) {
  if (ts.isVoidExpression(expression)) {
    const reason =
      ts.getTrailingCommentRanges(file.text, end) ?? ts.getLeadingCommentRanges(file.text, expression.parent.pos);
    if (isPromise(expression.expression, checker) && !reason) report(expression, 'voids a promise without saying why');
    return;
  }
  const isKept = ts.isBinaryExpression(expression) && ts.isAssignmentOperator(expression.operatorToken.kind);
  if (!isKept && isPromise(expression, checker) && !isHandled(expression))
    report(expression, 'leaves a promise to itself');
}

/** An async function given where nothing is returned: whoever calls it drops the promise. */
function inspectCallbacks(call, checker, report) {
  for (const [place, argument] of (call.arguments ?? []).entries()) {
    const returned = checker
      .getTypeAtLocation(argument)
      .getCallSignatures()
      .map(signature => signature.getReturnType());
    if (returned.length === 0 || !returned.some(type => isThenable(type, checker))) continue;
    const expected = checker.getContextualType(argument);
    const wanted = expected ? checker.getNonNullableType(expected).getCallSignatures() : [];
    const isDropped =
      wanted.length > 0 && wanted.every(signature => signature.getReturnType().flags & ts.TypeFlags.Void);
    if (isDropped && !someOverloadWaits(call, place, checker))
      report(argument, 'gives a function that returns a promise to a caller that ignores it');
  }
}

/** A function that also takes promise-returning callbacks in this place waits for them (fastify's register). */
function someOverloadWaits(call, place, checker) {
  return checker
    .getTypeAtLocation(call.expression)
    .getCallSignatures()
    .map(signature => signature.parameters[place])
    .filter(parameter => parameter !== undefined)
    .map(parameter => checker.getTypeOfSymbolAtLocation(parameter, call))
    .flatMap(type => (type.isUnion() ? type.types : [type]))
    .flatMap(type => type.getCallSignatures())
    .some(signature => isThenable(signature.getReturnType(), checker));
}

function isPromise(expression, checker) {
  const type = checker.getTypeAtLocation(expression);
  const types = checker.isArrayType(type) ? checker.getTypeArguments(type) : [type];
  return types.some(one => isThenable(one, checker));
}

/** A `then` that returns nothing, such as that of fastify's reply, belongs to no promise. */
function isThenable(type, checker) {
  if (type.isUnion()) return type.types.some(one => isThenable(one, checker));
  const then = checker.getPropertyOfType(type, 'then');
  const signatures = then === undefined ? [] : checker.getTypeOfSymbol(then).getCallSignatures();
  return signatures.some(signature => !(signature.getReturnType().flags & ts.TypeFlags.Void));
}

function isHandled(expression) {
  const call = ts.isParenthesizedExpression(expression) ? expression.expression : expression;
  if (!ts.isCallExpression(call) || !ts.isPropertyAccessExpression(call.expression)) return false;
  const { name, expression: receiver } = call.expression;
  if (name.text === 'finally') return isHandled(receiver);
  return (name.text === 'catch' && call.arguments.length > 0) || (name.text === 'then' && call.arguments.length > 1);
}
