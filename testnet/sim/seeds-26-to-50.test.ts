import { describe } from 'vitest';
import { itConverges, smallWorld } from './seeds.suite.ts';

describe('the simulator', () => itConverges({ first: 26, last: 50, scenarioOf: smallWorld }));
