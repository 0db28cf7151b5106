/** A machine that runs the daemon's node, the same class as on a real one, on simulated ports; it can be killed and started again. */

import { toUtf8 } from '../../chain/bytes.ts';
import { assert, type Rejection } from '../../chain/errors.ts';
import type { Genesis } from '../../chain/genesis.ts';
import { sha256 } from '../../chain/hash.ts';
import { rows } from '../../chain/layout.ts';
import type { Signer } from '../../chain/transaction.ts';
import type { MemberIndex } from '../../consensus/engine.ts';
import { Node, type NodePorts } from '../../daemon/node.ts';
import type { PeerId, Store, Verifier } from '../../daemon/ports.ts';
import type { SyncLimits } from '../../daemon/sync.ts';
import { AttackerNetwork } from '../attackers/attacker-network.ts';
import type { Deeds } from '../attackers/deeds.ts';
import type { AttackerKind } from '../attackers/kinds.ts';
import { policies } from '../attackers/policies.ts';
import type { Policy } from '../attackers/policy.ts';
import type { Chance } from './chance.ts';
import { type ClockSettings, Life, SimulatedClock } from './life.ts';
import type { SignatureScheme } from './signatures.ts';
import { type DiskSettings, type RecordChange, SimulatedDisk } from './simulated-disk.ts';
import { SimulatedMiner } from './simulated-miner.ts';
import { type Asked, type Consequence, SimulatedNetwork } from './simulated-network.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Wires } from './wires.ts';

export interface NodePlan {
  readonly name: PeerId;
  /** Whose key it produces with: its own name's, or, of a twin, the other's. */
  readonly identity: PeerId;
  /** Its place among the members of the genesis; null for a machine that is none. */
  readonly member: MemberIndex | null;
  /** Null when it is honest. */
  readonly attacker: AttackerKind | null;
  /** Trials a second. */
  readonly rate: number;
  readonly clock: ClockSettings;
  /** Whom it dials. */
  readonly bootstrap: readonly PeerId[];
  readonly disk: DiskSettings;
}

/** Who looks on. */
export interface NodeWatch {
  /** The node stands and has not started: what it holds is what its disk had. */
  onOpen(name: PeerId, node: Node): Promise<void>;
  onUp(name: PeerId): void;
  onPenalty(name: PeerId, peer: PeerId, rejection: Rejection, consequence: Consequence): void;
  onAttack(name: PeerId, what: string): void;
  /** A question of this machine to a peer, which may be gone. */
  onAsk(name: PeerId, asked: Asked): void;
  /** A block that this machine passes on to its peers. */
  onBlock(name: PeerId, data: Uint8Array): void;
  /** A message that this machine hands over for a member. */
  onMessage(name: PeerId, peer: PeerId, message: Uint8Array): void;
  /** What this machine says of itself in a handshake. */
  onStatus(name: PeerId, status: Uint8Array): void;
  /** Records of this machine that a crash no longer takes back. */
  onRecords(name: PeerId, change: RecordChange): void;
  onRule(name: PeerId, rule: string, data: Readonly<Record<string, string | number>>): void;
  /** A fault that the node survives. */
  onFault(name: PeerId, error: unknown): void;
  /** The node cannot go on. */
  onFatal(name: PeerId, error: unknown): void;
}

export interface NodeSurroundings {
  readonly genesis: Genesis;
  readonly time: VirtualTime;
  readonly wires: Wires;
  readonly chance: Chance;
  readonly deeds: Deeds;
  readonly verifier: Verifier;
  readonly signerOf: SignatureScheme['signerOf'];
  readonly memberSignerOf: SignatureScheme['memberSignerOf'];
  readonly syncLimits: Partial<SyncLimits>;
  /** Whether messages of members reach the node late, twice and in any order, which its network port rules out. */
  readonly isDisorderly: boolean;
  readonly watch: NodeWatch;
}

/** A moment at which a member may die with another past than the others know: between what is written and what is said. */
export type Act = 'handed over' | 'durable' | 'sent';

/** With so many bytes of records a log is condensed, so that this happens often. */
const logBytesMax = 4_096;

interface Run {
  readonly life: Life;
  readonly clock: SimulatedClock;
  node: Node | null;
  isUp: boolean;
  hasGivenUp: boolean;
}

export class SimulatedNode {
  readonly plan: NodePlan;
  readonly #surroundings: NodeSurroundings;
  #disk: SimulatedDisk;
  #run: Run | null = null;
  #runs = 0;
  #isMining = true;
  /** Told of each act of the process; the machine may be killed there. */
  onAct: (act: Act) => void = () => {};

  constructor(plan: NodePlan, surroundings: NodeSurroundings) {
    this.plan = plan;
    this.#surroundings = surroundings;
    this.#disk = this.#makeDisk('disk');
  }

  get name(): PeerId {
    return this.plan.name;
  }

  /** The node once it has started, else null. */
  get node(): Node | null {
    return this.#run?.isUp ? this.#run.node : null;
  }

  /** True while a durable write is under way: the worst moment to die. */
  get isSyncing(): boolean {
    return this.#disk.isSyncing;
  }

  /** What the disk holds of a node that does not run. */
  get disk(): Store {
    return this.#disk.rows;
  }

  /** The next write fails, or every one from now on, until the node is killed. */
  breakDisk(writes: 'one' | 'all'): void {
    this.#disk.fail(writes);
  }

  /** Told of each batch that its disk is given. */
  set onWrite(onWrite: () => void) {
    this.#disk.onWrite = onWrite;
  }

  /** Batches that a crash now may lose. */
  get unsynced(): number {
    return this.#disk.unsynced;
  }

  /** An empty one, for a machine that does not run. */
  replaceDisk(): void {
    assert(this.#run === null, 'a disk is replaced while no process runs');
    this.#disk = this.#makeDisk(`disk ${this.#runs}`);
  }

  /** What the log of a machine holds in which no change is under way. */
  records(): Promise<readonly Uint8Array[]> {
    return this.#disk.records();
  }

  /** Whether a crash now would leave the body of this block. */
  hasBody(hash: Uint8Array): boolean {
    return this.#disk.holdsDurably(rows.body.key(hash));
  }

  #makeDisk(name: string): SimulatedDisk {
    const disk = new SimulatedDisk(this.#surroundings.chance.stream(name), this.plan.disk);
    disk.onRecords = (change, state) => {
      if (state === 'durable') this.#surroundings.watch.onRecords(this.name, change);
      this.onAct(state);
    };
    return disk;
  }

  get hasBrokenDisk(): boolean {
    return this.#disk.hasFailed;
  }

  /** True when the node told that it cannot go on. */
  get hasGivenUp(): boolean {
    return this.#run?.hasGivenUp ?? false;
  }

  /** Starts the process. It is up some virtual time later. */
  boot(): void {
    assert(this.#run === null, 'a machine runs one process on its disk');
    const { time, watch } = this.#surroundings;
    const life = new Life(time);
    const clock = new SimulatedClock(time, life, this.plan.clock);
    const run: Run = { life, clock, node: null, isUp: false, hasGivenUp: false };
    this.#run = run;
    this.#runs += 1;
    this.#start(run).catch((error: unknown) => {
      if (run.life.isAlive) watch.onFatal(this.name, error);
    });
  }

  /** kill -9 and loss of power in one: at once, in the middle of whatever it does. */
  async kill(survivors: number | null = null): Promise<void> {
    this.#run?.life.end();
    this.#run = null;
    await this.#disk.crash(survivors);
  }

  /** SIGTERM: returns the timers that the stopped node left behind, which should be none. */
  async stop(): Promise<number> {
    const run = this.#run;
    if (!run?.node) return 0;
    await run.node.stop();
    const { timers } = run.clock;
    run.life.end();
    this.#run = null;
    this.#disk.reopen();
    return timers;
  }

  stopMining(): void {
    this.#isMining = false;
    this.node?.producer.stop();
  }

  startMining(): void {
    this.#isMining = true;
    this.node?.producer.start();
  }

  async #start(run: Run): Promise<void> {
    const { genesis, watch, syncLimits } = this.#surroundings;
    const { name } = this;
    const policy = this.#policy(run);
    const options = {
      genesis,
      signer: this.#signer,
      onFatal: (error: unknown) => {
        run.hasGivenUp = true;
        if (run.life.isAlive) watch.onFatal(name, error);
      },
      onFault: (error: unknown) => run.life.isAlive && watch.onFault(name, error),
      pruning: null,
      syncLimits,
      logBytesMax,
      onTrace: (rule: string, data: Readonly<Record<string, string | number>>) => watch.onRule(name, rule, data),
    };
    const ports = this.#ports(run);
    const attacker = policy && this.#attackerNetwork(ports.network, policy);
    const clock = policy?.clock?.(ports.clock) ?? ports.clock;
    const node = await Node.open(options, { ...ports, clock, network: attacker ?? ports.network });
    run.node = node;
    await watch.onOpen(name, node);
    await node.start();
    run.isUp = true;
    if (this.#isMining) node.producer.start();
    watch.onUp(name);
    if (attacker !== null) policy?.begin?.(node, attacker.voice);
  }

  get #signer(): Signer {
    const { signerOf, memberSignerOf } = this.#surroundings;
    const key = producerKey(this.plan.identity);
    return this.plan.member === null ? signerOf(key) : memberSignerOf(key);
  }

  #attackerNetwork(network: SimulatedNetwork, policy: Policy): AttackerNetwork {
    return new AttackerNetwork(network, policy, (peer, topic, data) => network.whisper(peer, topic, data));
  }

  #policy({ clock }: Run): Policy | null {
    if (this.plan.attacker === null) return null;
    const { genesis, chance, deeds, watch, signerOf } = this.#surroundings;
    const onAttack = (what: string) => watch.onAttack(this.name, what);
    const own = chance.stream(`villain ${this.#runs}`);
    return policies[this.plan.attacker]({
      self: this.name,
      signer: this.#signer,
      signerOf,
      genesis,
      chance: own,
      clock,
      deeds,
      openIdentity: null,
      onAttack,
    });
  }

  #ports({ life, clock }: Run): NodePorts & { readonly network: SimulatedNetwork } {
    const { time, wires, chance, watch, isDisorderly } = this.#surroundings;
    const { name, rate, bootstrap } = this.plan;
    const own = chance.stream(`run ${this.#runs}`);
    const network = new SimulatedNetwork({
      self: name,
      wires,
      life,
      clock,
      chance: own.stream('network'),
      bootstrap,
      onPenalty: (peer, rejection, consequence) => watch.onPenalty(name, peer, rejection, consequence),
      onFault: error => life.isAlive && watch.onFault(name, error),
      onAsk: asked => watch.onAsk(name, asked),
      onBlock: data => watch.onBlock(name, data),
      onStatus: status => watch.onStatus(name, status),
      onMessage: (peer, message) => {
        watch.onMessage(name, peer, message);
        this.onAct('sent');
      },
      isDisorderly,
    });
    const randomness = own.stream('random');
    return {
      network,
      clock,
      ...this.#disk.open(life),
      random: { bytes: length => randomness.bytes(length) },
      verifier: this.#surroundings.verifier,
      miner: new SimulatedMiner({ time, life, chance: own.stream('miner'), rate }),
    };
  }
}

/** The secret key with which a machine of this identity produces. */
export function producerKey(identity: PeerId): Uint8Array {
  return sha256(toUtf8(`producer ${identity}`));
}
