import { describe } from 'vitest';
import { itConverges, shortStory } from './seeds.suite.ts';

describe('the simulator', () => itConverges({ first: 51, last: 100, scenarioOf: shortStory }));
