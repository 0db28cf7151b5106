/**
 * Loaded before a bundled program (`node --import`), it lets that program write, at its end, the code that V8 has made of it until then
 * beside its file; daemon/bundle.ts takes it up at the next start.
 */
import { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import vm from 'node:vm';

vm.Script = class extends vm.Script {
  constructor(text, options) {
    super(text, options);
    process.once('exit', () => writeFileSync(`${options.filename}.cache`, this.createCachedData()));
  }
};
syncBuiltinESMExports();
