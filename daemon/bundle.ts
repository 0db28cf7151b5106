/**
 * Runs a program from the one file that the build has made of all its modules and packages (.ci/bundle.mjs), with the code that V8 made of
 * that file when the build ran it: a start is then reading two files instead of finding, reading and parsing three hundred
 * (docs/decisions/0027-programs-in-one-file.md).
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/** `urlOf` tells where a module is that the bundle holds: beside it lie the workers that it starts. */
type Program = (require: NodeJS.Require, urlOf: (modulePath: string) => string) => void;

/** In front of the code: the SHA-256 of the text and of the code together. */
const sumBytes = 32;

/**
 * Runs the program `name` in this process, and gives the script that it was made of. V8 itself refuses code that another version of it, or
 * other flags, have made, and compiles the file then; whether code is whole, and of this very text, it does not look.
 */
export function runBundle(name: string): Script {
  const file = fileURLToPath(new URL(`../bundles/${name}.cjs`, import.meta.url));
  const text = readFileSync(file);
  const script = new Script(text.toString('utf8'), { filename: file, ...compiledCode(`${file}.cache`, text) });
  const program: Program = script.runInThisContext();
  program(createRequire(file), modulePath => new URL(`../${modulePath}`, import.meta.url).href);
  return script;
}

/** Code with its sum in front, as `compiledCode` reads it. */
export function sealCode(text: Uint8Array, code: Uint8Array): Buffer {
  return Buffer.concat([sumOf(text, code), code]);
}

/** While the build runs the program for the first time there is none; damaged code, or that of another text, is none. */
function compiledCode(file: string, text: Uint8Array): { cachedData?: Buffer } {
  try {
    if (!statSync(file).isFile()) return {};
    const sealed = readFileSync(file);
    const code = sealed.subarray(sumBytes);
    return sumOf(text, code).equals(sealed.subarray(0, sumBytes)) ? { cachedData: code } : {};
  } catch {
    return {};
  }
}

function sumOf(text: Uint8Array, code: Uint8Array): Buffer {
  return createHash('sha256').update(text).update(code).digest();
}
