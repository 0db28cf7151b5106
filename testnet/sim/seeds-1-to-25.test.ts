import { describe } from 'vitest';
import { ofSeed } from './scenario.ts';
import { itConverges } from './seeds.suite.ts';

describe('the simulator', () => itConverges({ first: 1, last: 25, scenarioOf: ofSeed }));
