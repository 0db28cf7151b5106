/** Scenarios that failed once, one file each as `--shrink` prints it, pass for ever. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../ci/programs.ts';
import { readScenario } from './scenario.ts';
import { simulate } from './simulate.ts';

const folder = join(repositoryRoot, 'testnet/sim/regressions');

describe('a scenario that failed once', () => {
  it.each(readdirSync(folder).filter(name => name.endsWith('.json')))('%s passes', async name => {
    const scenario = readScenario(readFileSync(join(folder, name), 'utf8'));
    await expect(simulate({ scenario })).resolves.toMatchObject({ seed: String(scenario.seed) });
  });
});
