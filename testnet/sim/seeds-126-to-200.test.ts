import { describe } from 'vitest';
import { itConverges, smallWorld } from './seeds.suite.ts';

describe('the simulator', () => itConverges({ first: 126, last: 200, scenarioOf: smallWorld }));
