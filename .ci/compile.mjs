/**
 * Builds the TypeScript projects, as `tsc -b` does, and looks for floating promises in each program that it makes: their types are
 * known then, and to find them out again takes half as long as the build. A build that looked at every source and found nothing
 * leaves a record, which the check of promises believes as long as the sources stay the same.
 */
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleDoors } from './bundle.mjs';
import { findFloating, fingerprint, listChecked, pathOf, recordLook } from './promise-rules.mjs';

const ts = createRequire(import.meta.url)('typescript');
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const print = fingerprint(root);
const looked = new Set();
const findings = [];

const host = ts.createSolutionBuilderHost(ts.sys, undefined, diagnostic =>
  ts.sys.write(ts.formatDiagnostic(diagnostic, formatHost)),
);
const formatHost = {
  getCanonicalFileName: name => name,
  getCurrentDirectory: () => root,
  getNewLine: () => ts.sys.newLine,
};
host.afterProgramEmitAndDiagnostics = builder => {
  const program = builder.getProgram();
  const files = program.getRootFileNames().map(name => program.getSourceFile(name));
  findings.push(...findFloating(root, program, files));
  for (const file of files) looked.add(pathOf(root, file));
};

const status = ts.createSolutionBuilder(host, [root], { force: process.argv.includes('--force') }).build();
const isComplete = listChecked(root).every(path => looked.has(path));
if (status === 0 && isComplete && findings.length === 0) recordLook(root, print);
if (status === 0) await bundleDoors();
process.exit(status);
