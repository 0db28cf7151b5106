import { describe } from 'vitest';
import { itConverges, shortStory } from './seeds.suite.ts';

describe('the simulator', () => itConverges({ first: 101, last: 200, scenarioOf: shortStory }));
