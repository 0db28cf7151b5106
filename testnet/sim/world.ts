/** The world of one simulation: time, wires, machines, clients and checks, all from one seed, and the loop that lets it run. */

import { type ErrorCode, KvchainError } from '../../chain/errors.ts';
import { encodeFinality } from '../../chain/finality-params.ts';
import type { EngineName, Genesis, Member } from '../../chain/genesis.ts';
import { defaultParams, minesBlocks } from '../../chain/params.ts';
import { bitsForLeadingZeros } from '../../chain/target.ts';
import { createEngine } from '../../consensus/registry.ts';
import { areMembersTrusted } from '../../daemon/opened-chain.ts';
import type { PeerId } from '../../daemon/ports.ts';
import { decodeMemberFrame, decodeStatus } from '../../daemon/wire.ts';
import { Deeds } from '../attackers/deeds.ts';
import { accounts } from './accounts.ts';
import { Agreement } from './agreement.ts';
import { Burdens } from './burdens.ts';
import type { ChainMirror } from './chain-mirror.ts';
import { Chance } from './chance.ts';
import { Checks } from './checks.ts';
import { planWorld } from './plan.ts';
import type { Scenario } from './scenario.ts';
import { SharedVerifier } from './shared-verifier.ts';
import { shortLists } from './short-lists.ts';
import { schemeOf } from './signatures.ts';
import type { DiskSettings } from './simulated-disk.ts';
import { type NodePlan, type NodeWatch, producerKey, SimulatedNode } from './simulated-node.ts';
import { Trace } from './trace.ts';
import { rest, VirtualTime } from './virtual-time.ts';
import { Wires } from './wires.ts';
import { Workload } from './workload.ts';

const worldStartMs = 1_800_000_000_000;
/** 2^6 trials are a block's work: real hashes, and cheap ones. */
const leadingZeros = 6;
const maxDriftMs = 2_000;
/** Checkpoints come often, so that a partition has some. */
const finality = { spacing: 4, depth: 2 };
/** How long a disk syncs. */
const syncMs = [1, 25] as const;
/** More events at one moment mean that a node goes round in a circle. */
const stepsAtOnceMax = 20_000;
/** In virtual milliseconds: generous, for a story that does not end has failed. */
const patienceMs = 600_000;

export interface WorldOptions {
  readonly scenario: Scenario;
  readonly onLine: (line: string) => void;
  /** Of the disks; a world with the fault `amnesia` has others. */
  readonly honesty?: DiskSettings['honesty'];
}

/** Nothing is wrong, but something that must happen does not. */
export class NoProgress extends Error {}

interface Wait {
  readonly isTrue: () => boolean;
  readonly resolve: () => void;
}

export class World {
  readonly scenario: Scenario;
  readonly time = new VirtualTime();
  readonly chance: Chance;
  readonly wires: Wires;
  readonly trace: Trace;
  readonly checks: Checks;
  readonly agreement: Agreement;
  readonly genesis: Genesis;
  readonly deeds: Deeds;
  /** The honest ones, of which all is demanded. */
  readonly nodes: readonly SimulatedNode[];
  readonly attackers: readonly SimulatedNode[];
  readonly workload: Workload;
  readonly #burdens: Burdens;
  readonly #waits = new Set<Wait>();
  #stepsAtOnce = 0;

  constructor({ scenario, onLine, honesty = 'keeps its word' }: WorldOptions) {
    const { seed } = scenario;
    this.scenario = scenario;
    this.chance = new Chance(seed, 'world');
    this.trace = new Trace(this.time, onLine);
    this.deeds = new Deeds();
    const limitsTime = minesBlocks(scenario.engine);
    const isLedgerLazy = hasLazyLedger(scenario.engine);
    const { trace, deeds } = this;
    this.checks = new Checks({
      trace,
      deeds,
      limitsTime,
      isLedgerLazy,
      onEvent: (name, event, mirror) => this.agreement.onEvent(name, event, mirror),
    });
    this.#burdens = new Burdens(scenario.intervalMs);
    const isForgetful = honesty === 'lies' || scenario.faults.includes('amnesia');
    const plan = planWorld({
      scenario,
      chance: this.chance.stream('plan'),
      rate: (2 ** leadingZeros * 1_000) / scenario.intervalMs,
      startMs: worldStartMs,
      disk: { syncMs, honesty: isForgetful ? 'lies' : 'keeps its word' },
    });
    this.wires = new Wires(this.time, this.chance.stream('wires'), plan.weather, plan.roads);
    const scheme = schemeOf(scenario.signatures);
    const members = [...plan.honest, ...plan.attackers].filter(({ member }) => member !== null);
    this.genesis = genesisOf(
      scenario,
      members.map(({ name }) => ({ name, publicKey: scheme.memberSignerOf(producerKey(name)).publicKey })),
    );
    const { genesis, time, wires } = this;
    const verifier = new SharedVerifier(scheme.verify);
    const watch = this.#watch();
    const build = (node: NodePlan) =>
      new SimulatedNode(node, {
        genesis,
        time,
        wires,
        deeds,
        verifier,
        signerOf: scheme.signerOf,
        memberSignerOf: scheme.memberSignerOf,
        isDisorderly: plan.faults.has('disorder'),
        syncLimits: scenario.faults.includes('catch-up') ? shortLists : {},
        chance: this.chance.stream(node.name),
        watch: node.attacker === null ? watch : this.#watchAttacker(),
      });
    this.nodes = plan.honest.map(build);
    this.attackers = plan.attackers.map(build);
    const { nodes, checks } = this;
    const onFault = (name: PeerId, what: string) => checks.fail(name, what);
    const isTrusted = plan.attackers.every(({ member }) => member === null);
    this.agreement = new Agreement({ genesis, nodes, isLedgerLazy, isTrusted, onFault });
    const chance = this.chance.stream('workload');
    this.workload = new Workload({ genesis, time, chance, nodes, checks, trace, signerOf: scheme.signerOf });
    trace.add('world', 'faults', [...plan.faults].join(' '));
    for (const { name, attacker } of plan.attackers) trace.add('world', 'attacker', `${name} ${attacker}`);
  }

  /** Runs until the story is told. Throws an Error with what went wrong first. */
  async run(story: () => Promise<void>): Promise<void> {
    let isTold = false;
    let stuck: NoProgress | null = null;
    const onRejection = (error: unknown) => this.checks.fail('world', `an unhandled rejection: ${textOf(error)}`);
    process.on('unhandledRejection', onRejection);
    try {
      story().then(
        () => {
          isTold = true;
        },
        (error: unknown) => {
          stuck = error instanceof NoProgress ? error : null;
          this.checks.fail('world', textOf(error));
        },
      );
      await rest();
      while (!isTold && this.checks.failure === null) await this.#step();
    } finally {
      process.off('unhandledRejection', onRejection);
    }
    if (stuck !== null) throw stuck;
    if (this.checks.failure !== null) throw new Error(this.checks.failure);
  }

  /** Resolves at the first moment of rest when `isTrue`. Throws when that takes more than `limitMs` of virtual time. */
  until(what: string, limitMs: number, isTrue: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.time.after(limitMs, () => {
        this.#waits.delete(wait);
        reject(new NoProgress(`did not happen within ${limitMs} ms: ${what}`));
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

  untilPatiently(what: string, isTrue: () => boolean): Promise<void> {
    return this.until(what, patienceMs, isTrue);
  }

  /** As `until`, but goes on after `limitMs`. */
  async untilOr(what: string, limitMs: number, isTrue: () => boolean): Promise<void> {
    let isOver = false;
    const cancel = this.time.after(limitMs, () => {
      isOver = true;
    });
    await this.until(what, 2 * limitMs, () => isOver || isTrue());
    cancel();
  }

  /** The chains of the nodes that run. */
  mirrors(): readonly ChainMirror[] {
    return this.nodes.map(({ name }) => this.checks.mirror(name)).filter(mirror => mirror !== null);
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.time.after(ms, resolve);
    });
  }

  /** `survivors` of the batches that its disk has not synced stay; null leaves it to chance. */
  async kill(node: SimulatedNode, survivors: number | null = null): Promise<void> {
    this.trace.add(node.name, 'kill', node.isSyncing ? 'while syncing' : '');
    this.checks.forget(node.name);
    await node.kill(survivors);
  }

  boot(node: SimulatedNode): void {
    this.trace.add(node.name, 'boot');
    this.#burdens.begin(node.name);
    node.boot();
  }

  async #step(): Promise<void> {
    const beforeMs = this.time.nowMs;
    if (!(await this.time.step())) throw new KvchainError('INTERNAL', 'nothing is left to happen');
    this.#stepsAtOnce = this.time.nowMs === beforeMs ? this.#stepsAtOnce + 1 : 0;
    if (this.#stepsAtOnce > stepsAtOnceMax) throw new NoProgress(`${stepsAtOnceMax} events, and time stands still`);
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

  /** Of an attacker only what it does is told: nothing is demanded of it. */
  #watchAttacker(): NodeWatch {
    const { trace } = this;
    return {
      ...this.#watch(),
      onOpen: async () => {},
      onUp: name => trace.add(name, 'up'),
      onPenalty: () => {},
      onAsk: () => {},
      onBlock: () => {},
      onMessage: () => {},
      onStatus: () => {},
      onRecords: () => {},
      onFault: () => {},
      onFatal: name => trace.add(name, 'fatal'),
    };
  }

  #isAttacker(name: PeerId): boolean {
    return this.attackers.some(attacker => attacker.name === name);
  }

  #watch(): NodeWatch {
    const { trace, checks } = this;
    return {
      onOpen: async (name, node) => {
        await checks.watch(name, node);
        const mirror = checks.mirror(name);
        if (mirror !== null) await this.agreement.onOpen(name, node, mirror);
        trace.add(name, 'open', String(node.ledger.head.header.height));
      },
      onUp: name => {
        trace.add(name, 'up');
        this.workload.onUp(name);
      },
      onPenalty: (name, peer, { code, detail }, consequence) => {
        trace.add(name, 'penalty', `${peer} ${code}`);
        if (this.#isAttacker(peer)) {
          if (consequence === 'grave') checks.blamed(peer);
        }
        // The worst that an honest peer can do is not to answer.
        else if (code !== 'PEER_TIMEOUT') checks.fail(name, `blames the honest ${peer}: ${code} ${detail}`);
      },
      onAttack: (name, what) => {
        trace.add(name, 'attack', what);
      },
      onAsk: (name, asked) => {
        const fault = this.#burdens.ask({ asker: name, nowMs: this.time.nowMs, ...asked });
        if (fault !== null) checks.fail(name, fault);
      },
      onBlock: (name, data) => {
        const fault = this.#burdens.passOn(name, data);
        if (fault !== null) checks.fail(name, fault);
      },
      onMessage: (name, peer, message) => {
        const frame = decodeMemberFrame(message);
        if (!frame.ok) {
          checks.fail(name, `says to ${peer} what is no frame: ${frame.error.detail}`);
          return;
        }
        trace.add(name, 'says', `${this.agreement.describe(frame.value)} to ${peer}`);
        this.agreement.onFrame(name, frame.value);
      },
      onStatus: (name, bytes) => {
        const status = decodeStatus(bytes);
        const content = status.ok ? status.value.certificate : null;
        if (content !== null) this.agreement.onFrame(name, { kind: 'engine', content });
      },
      onRecords: (name, change) => this.agreement.onRecords(name, change),
      onRule: (name, rule, data) => trace.add(name, rule, Object.values(data).join(' ')),
      onFault: (name, error) => {
        const isExpected = isCode(error, 'NOT_FOUND') || (isCode(error, 'DISK_FAILED') && this.#hasBrokenDisk(name));
        trace.add(name, 'fault', error instanceof KvchainError ? error.code : textOf(error));
        if (!isExpected) checks.fail(name, `a fault: ${textOf(error)}`);
      },
      onFatal: (name, error) => {
        trace.add(name, 'fatal');
        if (this.#hasBrokenDisk(name) && isCode(error, 'DISK_FAILED')) {
          // Its engine hears no more, and a step of its ledger may still end.
          checks.forget(name);
          return;
        }
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

function hasLazyLedger(engine: EngineName): boolean {
  const found = createEngine(engine);
  return found.ok && areMembersTrusted(found.value, { engine });
}

function genesisOf({ engine, seed, intervalMs: targetMs }: Scenario, members: readonly Member[]): Genesis {
  const params = defaultParams(engine, {
    testNetwork: 1,
    targetMs,
    tauMs: 60 * targetMs,
    ...(minesBlocks(engine) ? { bits: bitsForLeadingZeros(leadingZeros) } : {}),
    ...(engine === 'pow-paxos' ? { engineParams: encodeFinality(finality) } : {}),
    maxDriftMs,
  });
  return {
    version: 1,
    name: `simulation ${seed}`,
    engine,
    time: worldStartMs - 10_000,
    schedule: [{ height: 0, params }],
    members,
    minters: [],
    allocations: accounts.map(({ address }) => ({ address, balance: 1_000_000n })),
  };
}
