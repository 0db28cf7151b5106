/**
 * Finds promises that nobody waits for: one that fails so ends the process, or hides the failure. Biome's noFloatingPromises looks
 * at syntax and misses many; this asks the type checker. Accepted are: await, return, keeping it, `.catch(handler)`,
 * `.then(done, failed)`, and `void promise; // why this one cannot fail, or who handles it`.
 */
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listSources } from './sources.mjs';

// An import would parse its nine megabytes twice more, to tell the kind of module and the names.
const ts = createRequire(import.meta.url)('typescript');
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const sources = listSources(root, ['chain', 'consensus', 'daemon', 'cli', 'testnet']).filter(
  path => !path.endsWith('.d.ts'),
);
const { compilerOptions } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config;
const { options, errors } = ts.convertCompilerOptionsFromJson(
  { ...compilerOptions, types: ['node'], noEmit: true },
  root,
);
if (errors.length > 0) throw new Error(ts.formatDiagnostics(errors, ts.createCompilerHost(options)));

const program = ts.createProgram(
  sources.map(path => join(root, path)),
  options,
);
const checker = program.getTypeChecker();
const findings = sources.flatMap(inspect);
if (findings.length > 0) {
  process.stderr.write(`${findings.join('\n')}\nAwait it, handle its failure, or write \`void promise; // why\`.\n`);
  process.exit(1);
}

function inspect(path) {
  const file = program.getSourceFile(join(root, path));
  const found = [];
  const report = (node, what) =>
    found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${what}`);
  const visit = node => {
    if (ts.isExpressionStatement(node)) inspectStatement(node, file, report);
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) inspectCallbacks(node, report);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function inspectStatement({ expression, end }, file, report) {
  if (ts.isVoidExpression(expression)) {
    const reason =
      ts.getTrailingCommentRanges(file.text, end) ?? ts.getLeadingCommentRanges(file.text, expression.parent.pos);
    if (isPromise(expression.expression) && !reason) report(expression, 'voids a promise without saying why');
    return;
  }
  const isKept = ts.isBinaryExpression(expression) && ts.isAssignmentOperator(expression.operatorToken.kind);
  if (!isKept && isPromise(expression) && !isHandled(expression)) report(expression, 'leaves a promise to itself');
}

/** An async function given where nothing is returned: whoever calls it drops the promise. */
function inspectCallbacks(call, report) {
  for (const [place, argument] of (call.arguments ?? []).entries()) {
    const returned = checker
      .getTypeAtLocation(argument)
      .getCallSignatures()
      .map(signature => signature.getReturnType());
    if (returned.length === 0 || !returned.some(isThenable)) continue;
    const expected = checker.getContextualType(argument);
    const wanted = expected ? checker.getNonNullableType(expected).getCallSignatures() : [];
    const isDropped =
      wanted.length > 0 && wanted.every(signature => signature.getReturnType().flags & ts.TypeFlags.Void);
    if (isDropped && !someOverloadWaits(call, place))
      report(argument, 'gives a function that returns a promise to a caller that ignores it');
  }
}

/** A function that also takes promise-returning callbacks in this place waits for them (fastify's register). */
function someOverloadWaits(call, place) {
  return checker
    .getTypeAtLocation(call.expression)
    .getCallSignatures()
    .map(signature => signature.parameters[place])
    .filter(parameter => parameter !== undefined)
    .map(parameter => checker.getTypeOfSymbolAtLocation(parameter, call))
    .flatMap(type => (type.isUnion() ? type.types : [type]))
    .flatMap(type => type.getCallSignatures())
    .some(signature => isThenable(signature.getReturnType()));
}

function isPromise(expression) {
  const type = checker.getTypeAtLocation(expression);
  return isThenable(type) || (checker.isArrayType(type) && checker.getTypeArguments(type).some(isThenable));
}

/** A `then` that returns nothing, such as that of fastify's reply, belongs to no promise. */
function isThenable(type) {
  if (type.isUnion()) return type.types.some(isThenable);
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
