import { describe } from 'vitest';
import { itConverges, smallWorld } from './seeds.suite.ts';

describe('the simulator', () => itConverges({ first: 51, last: 100, scenarioOf: smallWorld }));
