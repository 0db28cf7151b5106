/** The world of one simulation: time, wires, machines, clients and checks, all from one seed, and the loop that lets it run. */

import { type ErrorCode, KvchainError } from '../../chain/errors.ts';
import type { Genesis } from '../../chain/genesis.ts';
import { defaultParams } from '../../chain/params.ts';
import { bitsForLeadingZeros } from '../../chain/target.ts';
import type { PeerId } from '../../daemon/ports.ts';
import { Chance } from './chance.ts';
import { Checks } from './checks.ts';
import type { DiskSettings } from './simulated-disk.ts';
import { type NodePlan, type NodeWatch, SimulatedNode } from './simulated-node.ts';
import { Trace } from './trace.ts';
import { rest, VirtualTime } from './virtual-time.ts';
import { type Weather, Wires } from './wires.ts';
import { accounts, Workload } from './workload.ts';

const worldStartMs = 1_800_000_000_000;
const targetMs = 1_000;
/** 2^6 trials are a block's work: real hashes, and cheap ones. */
const leadingZeros = 6;
/** Clocks are wrong by at most this, so that two of them differ by more than maxDriftMs at times. */
const clockErrorMs = 1_200;
const maxDriftMs = 2_000;

export interface WorldOptions {
  readonly seed: bigint;
  readonly onLine: (line: string) => void;
  readonly disk: DiskSettings;
}

interface Wait {
  readonly isTrue: () => boolean;
  readonly resolve: () => void;
}

export class World {
  readonly seed: bigint;
  readonly time = new VirtualTime();
  readonly chance: Chance;
  readonly wires: Wires;
  readonly trace: Trace;
  readonly checks: Checks;
  readonly genesis: Genesis;
  readonly nodes: readonly SimulatedNode[];
  readonly workload: Workload;
  readonly #waits = new Set<Wait>();

  constructor({ seed, onLine, disk }: WorldOptions) {
    this.seed = seed;
    this.chance = new Chance(seed, 'world');
    this.trace = new Trace(this.time, onLine);
    this.checks = new Checks(this.trace);
    this.wires = new Wires(this.time, this.chance.stream('wires'), weatherOf(this.chance.stream('weather')));
    this.genesis = genesisOf(seed);
    const plans = planNodes(this.chance.stream('nodes'), disk);
    const { genesis, time, wires } = this;
    const watch = this.#watch();
    this.nodes = plans.map(
      plan => new SimulatedNode(plan, { genesis, time, wires, chance: this.chance.stream(plan.name), watch }),
    );
    const { nodes, checks, trace } = this;
    const chance = this.chance.stream('workload');
    this.workload = new Workload({ genesis, time, chance, nodes, checks, trace });
  }

  /** Runs until the story is told. Throws an Error with what went wrong first. */
  async run(story: () => Promise<void>): Promise<void> {
    let isTold = false;
    const onRejection = (error: unknown) => this.checks.fail('world', `an unhandled rejection: ${textOf(error)}`);
    process.on('unhandledRejection', onRejection);
    try {
      story().then(
        () => {
          isTold = true;
        },
        (error: unknown) => this.checks.fail('world', textOf(error)),
      );
      await rest();
      while (!isTold && this.checks.failure === null) await this.#step();
    } finally {
      process.off('unhandledRejection', onRejection);
    }
    if (this.checks.failure !== null) throw new Error(this.checks.failure);
  }

  /** Resolves at the first moment of rest when `isTrue`. Throws when that takes more than `limitMs` of virtual time. */
  until(what: string, limitMs: number, isTrue: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.time.after(limitMs, () => {
        this.#waits.delete(wait);
        reject(new Error(`did not happen within ${limitMs} ms: ${what}`));
      });
      const wait: Wait = {
        isTrue,
        resolve: () => {
          cancel();
          resolve();
        },
      };
      this.#waits.add(wait);
    });
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.time.after(ms, resolve);
    });
  }

  async kill(node: SimulatedNode): Promise<void> {
    this.trace.add(node.name, 'kill', node.isSyncing ? 'while syncing' : '');
    this.checks.forget(node.name);
    await node.kill();
  }

  boot(node: SimulatedNode): void {
    this.trace.add(node.name, 'boot');
    node.boot();
  }

  async #step(): Promise<void> {
    if (!(await this.time.step())) throw new KvchainError('INTERNAL', 'nothing is left to happen');
    this.checks.afterEvent();
    for (;;) {
      const due = [...this.#waits].filter(({ isTrue }) => isTrue());
      if (due.length === 0) return;
      for (const wait of due) {
        this.#waits.delete(wait);
        wait.resolve();
      }
      await rest();
    }
  }

  #hasBrokenDisk(name: PeerId): boolean {
    return this.nodes.some(node => node.name === name && node.hasBrokenDisk);
  }

  #watch(): NodeWatch {
    const { trace, checks } = this;
    return {
      onOpen: async (name, node) => {
        await checks.watch(name, node);
        trace.add(name, 'open', String(node.ledger.head.header.height));
      },
      onUp: name => {
        trace.add(name, 'up');
        this.workload.onUp(name);
      },
      onPenalty: (name, peer, { code, detail }) => {
        trace.add(name, 'penalty', `${peer} ${code}`);
        // Everybody here is honest: the worst that a peer can do is not to answer.
        if (code !== 'PEER_TIMEOUT') checks.fail(name, `blames the honest ${peer}: ${code} ${detail}`);
      },
      onRule: (name, rule, data) => trace.add(name, rule, Object.values(data).join(' ')),
      onFault: (name, error) => {
        const isExpected = isCode(error, 'NOT_FOUND') || (isCode(error, 'DISK_FAILED') && this.#hasBrokenDisk(name));
        trace.add(name, 'fault', error instanceof KvchainError ? error.code : textOf(error));
        if (!isExpected) checks.fail(name, `a fault: ${textOf(error)}`);
      },
      onFatal: (name, error) => {
        trace.add(name, 'fatal');
        if (this.#hasBrokenDisk(name) && isCode(error, 'DISK_FAILED')) return;
        checks.fail(name, `cannot go on: ${textOf(error)}`);
      },
    };
  }
}

function isCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof KvchainError && error.code === code;
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
}

function genesisOf(seed: bigint): Genesis {
  const params = defaultParams('pow', {
    testNetwork: 1,
    targetMs,
    tauMs: 60 * targetMs,
    bits: bitsForLeadingZeros(leadingZeros),
    maxDriftMs,
  });
  return {
    version: 1,
    name: `simulation ${seed}`,
    engine: 'pow',
    time: worldStartMs - 10_000,
    schedule: [{ height: 0, params }],
    members: [],
    minters: [],
    allocations: accounts.map(({ address }) => ({ address, balance: 1_000_000n })),
  };
}

/**
 * Three to ten machines in a ring with chords, of unequal power, with clocks that are a little wrong. Small worlds are more frequent:
 * they show nearly all that large ones show, and cost a third.
 */
function planNodes(chance: Chance, disk: DiskSettings): readonly NodePlan[] {
  const count = Math.min(chance.between(3, 10), chance.between(3, 10));
  const names: readonly PeerId[] = Array.from({ length: count }, (_, index) => `n${index}`);
  const shares = names.map(() => 0.5 + chance.fraction());
  const total = shares.reduce((sum, share) => sum + share, 0);
  return names.map((name, index) => ({
    name,
    rate: ((2 ** leadingZeros * 1_000) / targetMs) * ((shares[index] ?? 1) / total),
    clock: {
      startMs: worldStartMs + chance.between(-clockErrorMs, clockErrorMs),
      rate: 1 + (chance.fraction() - 0.5) / 1_000,
    },
    bootstrap: names.filter((_, other) => {
      const isNext = other === (index + 1) % count;
      return isNext || (other > index + 1 && chance.happens(0.5) && !(index === 0 && other === count - 1));
    }),
    disk,
  }));
}

function weatherOf(chance: Chance): Weather {
  return {
    delayMs: chance.between(1, 60),
    jitterMs: chance.between(1, 150),
    lossProbability: chance.pick([0, 0.005, 0.02]),
    duplicationProbability: chance.pick([0, 0.02]),
  };
}
