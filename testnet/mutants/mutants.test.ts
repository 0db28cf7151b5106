/** Planted bugs are seen; the whole table stands in docs/experiments/mutants.md. A few cheap ones are looked for here. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../ci/programs.ts';
import { ofSeed } from '../sim/scenario.ts';
import { hunt, mutantsOf } from './mutants.ts';
import { powMutants, socketMutants } from './pow-mutants.ts';

const folders = ['chain', 'consensus/pow', 'consensus/pow-paxos', 'daemon', 'daemon/network'];
const sources = folders.flatMap(folder =>
  readdirSync(join(repositoryRoot, folder))
    .filter(name => name.endsWith('.ts') && !/\.(test|suite)\.ts$/.test(name))
    .map(name => readFileSync(join(repositoryRoot, folder, name), 'utf8')),
);

function isEnforcedIn(condition: readonly string[]): string {
  const script = "import { isEnforced } from '#rules'; process.stdout.write(String(isEnforced('A-V4')));";
  const env = { ...process.env, KVCHAIN_BROKEN_RULE: 'A-V4' };
  const args = [...condition, '--input-type=module', '--eval', script];
  return execFileSync(process.execPath, args, { cwd: repositoryRoot, env, encoding: 'utf8' });
}

describe('a rule', () => {
  it('can be broken under the condition `mutant` alone', () => {
    expect(isEnforcedIn([])).toBe('true');
    expect(isEnforcedIn(['--conditions=mutant'])).toBe('false');
  });

  it('that the code asks for stands in a table, and the other way round', () => {
    const tables = { ...powMutants, ...socketMutants, ...mutantsOf('paxos'), ...mutantsOf('pow-paxos') };
    const isOfMembers = (rule: string) => /^(B-|bodies first|one switch|W2)/.test(rule);
    const asked = sources.flatMap(text => [...text.matchAll(/isEnforced\('([^']+)'\)/g)].map(([, rule = '']) => rule));
    const ofMiners = (rules: Iterable<string>) => [...new Set(rules)].filter(rule => !isOfMembers(rule)).sort();
    expect(ofMiners(asked)).toEqual(ofMiners(Object.keys(tables)));
  });
});

describe('a planted bug', () => {
  const cheap = [
    ['A-F1', 1n],
    ['A-H4', 1n],
    ['A-V1 extension', 3n],
    ['mempool undone', 1n],
  ] as const;

  it.each(cheap)('%s is seen', async (rule, seed) => {
    const faults = powMutants[rule]?.faults ?? [];
    const result = await hunt(rule, [{ ...ofSeed(seed), nodes: 5, faults }]);
    expect(result).toMatchObject({ rule, caught: true, seed: Number(seed) });
  });

  const ofMembers = [
    ['pow-paxos', 'W2 restart', 4n],
    ['pow-paxos', 'W2 anew', 8n],
    ['paxos', 'W2 restart', 1n],
  ] as const;

  it.each(ofMembers)('%s: %s is seen', async (engine, rule, seed) => {
    const faults = mutantsOf(engine)[rule]?.faults ?? [];
    const result = await hunt(rule, [{ ...ofSeed(seed, engine), nodes: engine === 'paxos' ? 5 : 6, faults }]);
    expect(result).toMatchObject({ caught: true, check: expect.stringContaining('keeps what it accepted') });
  });
});
