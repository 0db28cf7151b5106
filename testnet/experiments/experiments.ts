/** THE table of the experiments. */
import { delayThresholdExperiment } from './delay-threshold.ts';
import { difficulty } from './difficulty.ts';
import { doubleSpend } from './double-spend.ts';
import type { Experiment } from './experiment.ts';
import { selfishMining } from './selfish-mining.ts';

export const experiments: readonly Experiment[] = [doubleSpend, delayThresholdExperiment, selfishMining, difficulty];
