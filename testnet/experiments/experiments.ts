/** THE table of the experiments. */
import { doubleSpend } from './double-spend.ts';
import type { Experiment } from './experiment.ts';

export const experiments: readonly Experiment[] = [doubleSpend];
