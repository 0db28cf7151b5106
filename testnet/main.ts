#!/usr/bin/env node
/**
 * kvchain-testnet: one name for what the test network can do. Real networks are commands of this process; each of the other programs
 * runs in a process of its own with the arguments behind its name.
 */
import '../daemon/polyfill.ts';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { programVersion } from '../daemon/version.ts';
import { tellFailure } from './failure.ts';
import { addNetworkCommands } from './networks/commands.ts';
import { addScenarioCommands } from './scenarios/commands.ts';

/** Name, file and what it is for. */
const programs = [
  ['simulate', 'sim/main.js', 'run whole nodes in virtual time under a seed (--seed N, --seeds A..B, --trace, --json)'],
  ['packages', 'demo/packages.js', 'import a Debian package index through a network of four daemons (FILE, --json)'],
  ['bench', 'bench/main.js', 'measure how fast all of it is (NAME, --quick, --json FILE)'],
  ['experiment', 'experiments/main.js', 'run an experiment (NAME, --quick, --seed N, --out DIR, --json)'],
  ['report', 'experiments/report.js', 'build one HTML page of all experiments (--from DIR, --out FILE)'],
] as const;

const command = new Command('kvchain-testnet')
  .description('Networks of kvchain on this machine, simulated and real.')
  .version(programVersion, '--version', 'Tell the version and end.')
  .helpOption('--help', 'Tell all this and end.')
  // Inherited by the commands, which are made after this: what went wrong is told in one place.
  .configureOutput({ outputError: () => {} })
  .exitOverride();

addNetworkCommands(command);
addScenarioCommands(command);
for (const [name, file, meaning] of programs) {
  command
    .command(`${name} [arguments...]`)
    .description(meaning)
    .helpOption(false)
    .allowUnknownOption()
    .action(async (args: readonly string[]) => {
      process.exitCode = await run(file, args);
    });
}

try {
  await command.parseAsync();
} catch (error) {
  process.exitCode = tellFailure(error);
}

/** Runs a program in the foreground; gives its exit code, 1 when a signal ended it. */
function run(file: string, args: readonly string[]): Promise<number> {
  const path = fileURLToPath(new URL(`./${file}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', code => resolve(code ?? 1));
  });
}
