/**
 * Runs a program from the one file that the build has made of all its modules and packages (.ci/bundle.mjs), with the code that V8 made of
 * that file when the build ran it: a start is then reading two files instead of finding, reading and parsing three hundred
 * (docs/decisions/0027-programs-in-one-file.md).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/** `urlOf` tells where a module is that the bundle holds: beside it lie the workers that it starts. */
type Program = (require: NodeJS.Require, urlOf: (modulePath: string) => string) => void;

/**
 * Runs the program `name` in this process, and gives the script that it was made of. V8 itself refuses code that another version of it, or
 * other flags, have made, and compiles the file then.
 */
export function runBundle(name: string): Script {
  const file = fileURLToPath(new URL(`../bundles/${name}.cjs`, import.meta.url));
  const script = new Script(readFileSync(file, 'utf8'), { filename: file, ...compiledCode(`${file}.cache`) });
  const program: Program = script.runInThisContext();
  program(createRequire(file), modulePath => new URL(`../${modulePath}`, import.meta.url).href);
  return script;
}

/** While the build runs the program for the first time there is none. */
function compiledCode(file: string): { cachedData?: Buffer } {
  try {
    return { cachedData: readFileSync(file) };
  } catch {
    return {};
  }
}
