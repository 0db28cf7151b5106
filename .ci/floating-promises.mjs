/**
 * Finds promises that nobody waits for: one that fails so ends the process, or hides the failure. Biome's noFloatingPromises looks
 * at syntax and misses many; this asks the type checker, by the rules of promise-rules.mjs. A whole build has looked already; what it
 * did not see is looked at here.
 */
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFloating, fingerprint, isRecorded, listChecked, recordLook } from './promise-rules.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const print = fingerprint(root);
if (isRecorded(root, print)) process.exit(0);

const ts = createRequire(import.meta.url)('typescript');
const { compilerOptions } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config;
const { options, errors } = ts.convertCompilerOptionsFromJson(
  { ...compilerOptions, types: ['node'], noEmit: true },
  root,
);
if (errors.length > 0) throw new Error(ts.formatDiagnostics(errors, ts.createCompilerHost(options)));

const paths = listChecked(root).map(path => join(root, path));
const program = ts.createProgram(paths, options);
const files = paths.map(path => program.getSourceFile(path));
const findings = findFloating(root, program, files);
if (findings.length > 0) {
  process.stderr.write(`${findings.join('\n')}\nAwait it, handle its failure, or write \`void promise; // why\`.\n`);
  process.exit(1);
}
recordLook(root, print);
