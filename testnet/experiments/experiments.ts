/** THE table of the experiments. */
import { attack51Experiment } from './attack-51.ts';
import { delayThresholdExperiment } from './delay-threshold.ts';
import { difficulty } from './difficulty.ts';
import { difficultyReal } from './difficulty-real.ts';
import { doubleSpend } from './double-spend.ts';
import type { Experiment } from './experiment.ts';
import { byzantine } from './faults/byzantine.ts';
import { crashRecovery } from './faults/crash-recovery.ts';
import { crashStop } from './faults/crash-stop.ts';
import { minerDies } from './faults/miner-dies.ts';
import { omission } from './faults/omission.ts';
import { finality51 } from './finality-51.ts';
import { getLatency, getRate } from './gets.ts';
import { paxosFailover } from './paxos-failover.ts';
import { paxosThroughput } from './paxos-throughput.ts';
import { paxosWan } from './paxos-wan.ts';
import { putLatency, putRate } from './puts.ts';
import { scale } from './scale.ts';
import { scaleSimulated } from './scale-simulated.ts';
import { selfishMining } from './selfish-mining.ts';

/** In virtual time: the same rows for the same seed. */
export const simulatedExperiments: readonly Experiment[] = [
  doubleSpend,
  delayThresholdExperiment,
  selfishMining,
  difficulty,
  scaleSimulated,
  paxosWan,
];

/** On processes of this machine, which should have nothing else to do. */
const realExperiments: readonly Experiment[] = [
  attack51Experiment,
  finality51,
  crashStop,
  crashRecovery,
  omission,
  byzantine,
  minerDies,
  putRate,
  putLatency,
  getRate,
  getLatency,
  scale,
  difficultyReal,
  paxosThroughput,
  paxosFailover,
];

export const experiments: readonly Experiment[] = [...simulatedExperiments, ...realExperiments];
