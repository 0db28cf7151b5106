import { describe } from 'vitest';
import { itConverges } from './seeds.suite.ts';

describe('the simulator', () => itConverges(26, 50));
