#!/usr/bin/env node
/** The command line `kvchain`: what a person or a script types, carried out, and the exit code that tells how it went. */
import '../daemon/polyfill.ts';
import { runCommandLine } from './program.ts';

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
