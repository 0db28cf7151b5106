import { describe } from 'vitest';
import { ofSeed } from './scenario.ts';
import { itConverges } from './seeds.suite.ts';

describe('the simulator', () =>
  itConverges({ first: 26, last: 50, scenarioOf: seed => ({ ...ofSeed(seed), signatures: 'fast' }) }));
