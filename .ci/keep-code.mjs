/**
 * Loaded before a bundled program (`node --import`), it lets that program write, at its end, the code that V8 has made of it until then
 * beside its file; daemon/bundle.ts takes it up at the next start.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { sealCode } from '../dist/daemon/bundle.js';

const bundles = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'bundles');

vm.Script = class extends vm.Script {
  constructor(text, options) {
    super(text, options);
    const file = options?.filename;
    if (file === undefined || dirname(file) !== bundles) return;
    process.once('exit', () => {
      writeFileSync(`${file}.cache`, sealCode(readFileSync(file), this.createCachedData()));
      // The daemon makes files for its user alone; this one is for whoever starts it.
      chmodSync(`${file}.cache`, 0o644);
    });
  }
};
syncBuiltinESMExports();
