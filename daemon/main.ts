#!/usr/bin/env node
/** `kvchaind`: the program in kvchaind.ts, from the one file that the build has made of it. */
import { runBundle } from './bundle.ts';

runBundle('kvchaind');
