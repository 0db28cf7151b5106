/**
 * Loaded before a bundled program (`node --import`), it lets that program write, at its end, the code that V8 has made of it until then
 * beside its file; daemon/bundle.ts takes it up at the next start.
 */
import { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';

const bundles = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'bundles');

vm.Script = class extends vm.Script {
  constructor(text, options) {
    super(text, options);
    const file = options?.filename;
    if (file === undefined || dirname(file) !== bundles) return;
    process.once('exit', () => writeFileSync(`${file}.cache`, this.createCachedData()));
  }
};
syncBuiltinESMExports();
