#!/usr/bin/env node
/** `kvchain`: the program in kvchain.ts, from the one file that the build has made of it. */
import { runBundle } from '../daemon/bundle.ts';

runBundle('kvchain');
