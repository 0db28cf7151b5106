/** Where and with what a run was made: a figure without its machine says little. */
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { programVersion } from '../../daemon/version.ts';

export interface Machine {
  readonly command: string;
  /** ISO date of the run. */
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly versions: Readonly<Record<string, string>>;
}

const packages = ['@chainsafe/hashtree', 'classic-level', 'fastify', 'libp2p', 'secp256k1'];

/** This machine now. `command` is what a person types to repeat the run. */
export function describeMachine(command: string): Machine {
  const cores = cpus();
  const installed = packages.map(name => [name, versionOf(name)]);
  return {
    command,
    date: new Date().toISOString(),
    processor: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    memoryGb: Number((totalmem() / 1e9).toFixed(1)),
    system: `${type()} ${release()}`,
    versions: { kvchain: programVersion, node: process.versions.node, ...Object.fromEntries(installed) },
  };
}

/** From package.json, where versions are pinned exactly. */
function versionOf(name: string): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const { dependencies }: { dependencies: Readonly<Record<string, string>> } = JSON.parse(text);
  return dependencies[name] ?? 'none';
}
