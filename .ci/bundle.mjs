/**
 * Puts the packages behind each door into its compiled file, and their licences beside it. Done again when the door, the lockfile or this
 * program changed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(import.meta.url);
const root = resolve(dirname(program), '..');
/** Sources that give on what they import of packages, and hold nothing else. */
const doors = ['daemon/network/libp2p.ts', 'daemon/rpc/fastify.ts', 'daemon/zod.ts'];

/** Half the text to be parsed at each start; functions and classes keep their names, which errors and stacks tell. */
const minify = { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: true } };

// A planted tree has no doors.
for (const door of doors.filter(path => existsSync(join(root, path)))) await bundleDoor(door);

async function bundleDoor(door) {
  const source = join(root, door);
  const output = join(root, 'dist', door.replace(/\.ts$/, '.js'));
  const licences = output.replace(/\.js$/, '.licences.txt');
  const made = fingerprint([source, join(root, 'package-lock.json'), program]);
  const banner = `// Made of ${made}; licences: ${basename(licences)}`;
  if (existsSync(licences) && readFileSync(output, 'utf8').startsWith(banner)) return;
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({ input: source, platform: 'node', cwd: root, logLevel: 'silent' });
  try {
    const { output: chunks } = await bundle.generate({ format: 'esm', codeSplitting: false, minify });
    const [chunk] = chunks;
    writeFileSync(licences, licencesOf(basename(output), packagesOf(chunk.moduleIds)));
    writeFileSync(output, `${banner}\n${chunk.code}`);
  } finally {
    await bundle.close();
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
