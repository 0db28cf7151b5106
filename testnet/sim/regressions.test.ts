/** Scenarios that failed once, one file each as `--shrink` prints it, pass for ever. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../ci/programs.ts';
import { readScenario } from './scenario.ts';
import { simulate } from './simulate.ts';

const folder = join(repositoryRoot, 'testnet/sim/regressions');

it('every scenario that failed once passes', async () => {
  for (const name of readdirSync(folder).filter(file => file.endsWith('.json'))) {
    const scenario = readScenario(readFileSync(join(folder, name), 'utf8'));
    await expect(simulate({ scenario }), name).resolves.toMatchObject({ seed: String(scenario.seed) });
  }
});
