/** Many seeds on all cores: processes that take one scenario after the other, and are started anew when one of them dies or hangs. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Scenario } from './scenario.ts';
import type { Report } from './simulate.ts';

/** What a process is told to do. */
export interface Order {
  readonly scenario: Scenario;
  /** Where the trace of a failure goes; null keeps none. */
  readonly traceFolder: string | null;
}

export type Verdict = 'Pass' | 'NoProgress' | 'Diverged';

export interface Outcome {
  readonly seed: bigint;
  readonly verdict: Verdict;
  /** What the check said that failed. */
  readonly check: string | null;
  readonly traceFile: string | null;
  /** Null of a failure. */
  readonly report: Report | null;
}

export interface CampaignOptions {
  readonly jobs: number;
  readonly traceFolder: string | null;
  /** A rule that all nodes lack (testnet/mutants), or null. */
  readonly brokenRule: string | null;
  readonly onOutcome: (outcome: Outcome) => 'go on' | 'stop';
}

/** Of real time without a sign of life: a node that goes round in a circle and waits for nothing cannot be stopped from within. */
const hangMs = 60_000;
const program = fileURLToPath(new URL('./seed-process.js', import.meta.url));

/** Simulates each scenario, in their order; ends early when `onOutcome` says so. */
export async function runCampaign(scenarios: Iterable<Scenario>, options: CampaignOptions): Promise<void> {
  const left = scenarios[Symbol.iterator]();
  let isStopped = false;
  const work = async (): Promise<void> => {
    let runner: Runner | null = null;
    for (let next = left.next(); !next.done && !isStopped; next = left.next()) {
      runner ??= new Runner(options);
      const outcome = await runner.run(next.value);
      if (runner.isDead) runner = null;
      isStopped ||= options.onOutcome(outcome) === 'stop';
    }
    runner?.end();
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
}

class Runner {
  readonly #process: ChildProcess;
  readonly #traceFolder: string | null;

  constructor({ brokenRule, traceFolder }: CampaignOptions) {
    this.#traceFolder = traceFolder;
    this.#process = fork(program, {
      serialization: 'advanced',
      execArgv: brokenRule === null ? [] : ['--conditions=mutant'],
      env: brokenRule === null ? process.env : { ...process.env, KVCHAIN_BROKEN_RULE: brokenRule },
    });
  }

  get isDead(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  run(scenario: Scenario): Promise<Outcome> {
    const child = this.#process;
    const failed = { seed: scenario.seed, verdict: 'NoProgress', traceFile: null, report: null } as const;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), hangMs);
      const onMessage = (word: Outcome | 'alive') => {
        timer.refresh();
        if (word !== 'alive') settle(word);
      };
      // A process that ends by itself is broken: that is no verdict on any rule.
      const onExit = (code: number | null) => {
        if (code === null) settle({ ...failed, check: `no sign of life for ${hangMs / 1_000} s of real time` });
        else reject(new Error(`the process of seed ${scenario.seed} ended with code ${code}`));
      };
      const settle = (outcome: Outcome) => {
        clearTimeout(timer);
        child.off('exit', onExit);
        child.off('error', reject);
        child.off('message', onMessage);
        resolve(outcome);
      };
      child.once('exit', onExit);
      child.once('error', reject);
      child.on('message', onMessage);
      child.send({ scenario, traceFolder: this.#traceFolder } satisfies Order);
    });
  }

  end(): void {
    this.#process.disconnect();
  }
}
