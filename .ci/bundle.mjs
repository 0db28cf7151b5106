/**
 * Puts many files into one, for a process that reads one file starts much faster than one that reads hundreds: the packages behind each
 * door into its compiled file, then all that each program needs into `dist/bundles/`, with their licences beside them. Then runs the
 * programs once, so that V8's code for them lies there too. Made again is only what changed.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { warmUp } from './warm-up.mjs';

const program = fileURLToPath(import.meta.url);
const root = resolve(dirname(program), '..');
const dist = join(root, 'dist');
/** Sources that give on what they import of packages, and hold nothing else. */
const doors = ['daemon/network/libp2p.ts', 'daemon/rpc/fastify.ts', 'daemon/zod.ts'];
/** The compiled modules that programs begin with. */
const programs = ['daemon/kvchaind.js', 'cli/kvchain.js'];

/** Half the text to be parsed at each start; functions and classes keep their names, which errors and stacks tell. */
const minify = { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: true } };

/** Native code, which is found by its place, and what `node --conditions` chooses when the program starts. */
const outside = ['classic-level', '@node-rs/crc32', '#rules', '#failpoint'];

// A planted tree has neither doors nor programs.
for (const door of doors.filter(path => existsSync(join(root, path)))) await bundleDoor(door);
const made = [];
for (const path of programs.filter(path => existsSync(join(dist, path)))) made.push(await bundleProgram(path));
const failure = made.includes(true) ? warmUp() : null;
if (failure !== null) process.stderr.write(`build: the programs did not run, so they will start slowly: ${failure}\n`);

async function bundleDoor(door) {
  const source = join(root, door);
  const output = join(dist, door.replace(/\.ts$/, '.js'));
  const licences = output.replace(/\.js$/, '.licences.txt');
  const banner = `// Made of ${fingerprint([source, join(root, 'package-lock.json'), program])}; licences: ${basename(licences)}`;
  if (existsSync(licences) && readFileSync(output, 'utf8').startsWith(banner)) return;
  const { code, moduleIds } = await bundle(source, { format: 'esm', minify });
  writeFileSync(licences, licencesOf(basename(output), packagesOf(moduleIds)));
  writeFileSync(output, `${banner}\n${code}`);
}

/** True when the program is not the one that was there. */
async function bundleProgram(path) {
  const output = join(dist, 'bundles', basename(path).replace(/\.js$/, '.cjs'));
  // A module that looks for a file beside it finds it from where it stands, not from the bundle.
  const places = {
    name: 'places',
    transform: (code, id) =>
      code.replaceAll('import.meta.url', `urlOf(${JSON.stringify(relative(dist, id).replaceAll(sep, '/'))})`),
  };
  const wrapper = { postBanner: '(function (require, urlOf) { "use strict";', postFooter: '})' };
  const { code, moduleIds } = await bundle(join(dist, path), { format: 'cjs', ...wrapper }, [places]);
  if (existsSync(`${output}.cache`) && readFileSync(output, 'utf8') === code) return false;
  mkdirSync(dirname(output), { recursive: true });
  // It is of another text now; should this build not come to its end, the next one sees that it is missing.
  rmSync(`${output}.cache`, { force: true });
  const throughDoors = moduleIds.map(id => id.replace(/\.js$/, '.licences.txt')).filter(existsSync);
  const licences = [
    licencesOf(basename(output), packagesOf(moduleIds)),
    ...throughDoors.map(id => readFileSync(id, 'utf8')),
  ];
  writeFileSync(output.replace(/\.cjs$/, '.licences.txt'), licences.join('\n'));
  writeFileSync(output, code);
  return true;
}

async function bundle(input, output, plugins = []) {
  const { rolldown } = await import('rolldown');
  const built = await rolldown({ input, plugins, external: outside, platform: 'node', cwd: root, logLevel: 'silent' });
  try {
    const { output: chunks } = await built.generate({ codeSplitting: false, ...output });
    return chunks[0];
  } finally {
    await built.close();
  }
}

function fingerprint(paths) {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}

/** The folders of the packages that these modules belong to, sorted. */
function packagesOf(moduleIds) {
  const folders = moduleIds.flatMap(id => {
    const begin = id.lastIndexOf(`${sep}node_modules${sep}`);
    if (begin < 0) return [];
    const from = begin + `${sep}node_modules${sep}`.length;
    const parts = id.slice(from).split(sep);
    return [id.slice(0, from) + parts.slice(0, parts[0].startsWith('@') ? 2 : 1).join(sep)];
  });
  return [...new Set(folders)].sort();
}

function licencesOf(file, folders) {
  const texts = folders.map(folder => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const files = readdirSync(folder).filter(file => /^(licen[cs]e|copying|notice)/i.test(file));
    const own = files.map(file => readFileSync(join(folder, file), 'utf8').trim());
    return [`${name} ${version}: ${license}`, ...own].join('\n\n');
  });
  return `${file} holds code of these packages.\n\n${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
