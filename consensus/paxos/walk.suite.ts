/**
 * Random walks over whole networks of engines: packets are reordered, lost and doubled, members crash between any two effects with any
 * legal part of their records, several stand for election at once. The oracle judges after every act. Then the network heals, and must
 * make progress to equal ledgers. A walk is a function of its seed and the number of members.
 */
import { toHex } from '../../chain/bytes.ts';
import type { EngineContext } from '../engine.ts';
import { contextWith } from '../engine-context.suite.ts';
import { Breach } from '../oracle.ts';
import { Random } from '../random.ts';
import { PaxosOracle } from './oracle.ts';
import { paxosWith } from './paxos.ts';
import { type Packet, WalkMember, type Wires } from './walk-member.suite.ts';

const actsMax = 600;
const healingActsMax = 20_000;
const packetsMax = 200;
/** What a round of work takes while the network heals: a leader that always has work must not hold up the time of the others. */
const workMs = 10;

/** A genesis with `count` members; the engine never looks at their keys. */
export function contextOf(count: number, seed = 7n): EngineContext {
  const context = contextWith({ bits: 0 });
  const members = Array.from({ length: count }, (_, index) => ({
    name: `member-${index}`,
    publicKey: new Uint8Array(33).fill(index + 1),
  }));
  return { ...context, genesis: { ...context.genesis, engine: 'paxos', members }, self: 0, seed };
}

class Network implements Wires {
  readonly context: EngineContext;
  readonly random: Random;
  readonly oracle: PaxosOracle;
  readonly members: WalkMember[] = [];
  packets: Packet[] = [];
  #salts = 0;
  /** How often members are asked to stand for election. */
  readonly #unrest: number;
  /** Of a hundred messages of phase 2 so many are lost: then leaders leave blocks behind that few or none accepted. */
  readonly #acceptsLost: number;
  /** Of ten packets that arrive so many arrive again. */
  readonly #doubled: number;

  constructor(seed: number, count: number) {
    this.random = new Random(BigInt(seed));
    this.context = contextOf(count, BigInt(1_000 * seed));
    const { genesisHeader } = this.context;
    const hasBody = (member: number, hash: Uint8Array) => this.members[member]?.rows.has(toHex(hash)) === true;
    this.oracle = new PaxosOracle({ members: count, engineParams: new Uint8Array(), genesisHeader, hasBody });
    this.#unrest = 2 + this.random.below(44);
    this.#acceptsLost = this.random.below(90);
    this.#doubled = this.random.below(6);
    const engine = paxosWith({ window: 1 + this.random.below(4) });
    for (let index = 0; index < count; index++) this.members.push(new WalkMember(this, engine, index));
  }

  post(packet: Packet): void {
    this.packets.push(packet);
    if (this.packets.length > packetsMax) this.packets.splice(this.random.below(this.packets.length), 1);
  }

  nextSalt(): Uint8Array {
    this.#salts += 1;
    const salt = new Uint8Array(32);
    new DataView(salt.buffer).setUint32(0, this.#salts);
    return salt;
  }

  /** One act of chance. */
  act(): void {
    const { random } = this;
    const member = this.members[random.below(this.members.length)];
    if (member === undefined) return;
    const chance = random.below(1_000);
    if (member.state === null) {
      if (chance < 100) member.start();
      return;
    }
    if (chance < 430) this.#deliver();
    else if (chance < 760) member.carryOut();
    else if (chance < 830) member.fetchBody();
    else if (chance < 845) member.read();
    else if (chance < 880) member.apply();
    else if (chance < 930) member.produce();
    else if (chance < 940) member.fireTimer();
    else if (chance < 940 + this.#unrest) member.step({ type: 'lead', now: member.now });
    else if (chance < 988) member.crash();
    else this.packets.splice(random.below(Math.max(1, this.packets.length)), 1);
  }

  /** Everything works: all that waits is done, which takes its time, and where nothing waits time passes until somebody has something to do. */
  heal(): void {
    for (const member of this.members) if (member.state === null) member.start();
    const target = this.oracle.height + 2;
    for (let act = 0; act < healingActsMax; act++) {
      if (this.members.every(({ tip }) => tip.header.height >= target)) return;
      const hasWorked = this.#workAll();
      const first = [...this.members].sort((a, b) => dueOf(a) - dueOf(b))[0];
      const isDue = first !== undefined && dueOf(first) <= first.now;
      if (hasWorked && !isDue) this.#passTo(workMs + Math.max(...this.members.map(({ now }) => now)));
      else if (first?.fireTimer() === true) this.#passTo(first.now);
      else throw new Breach('liveness: nothing is left to be done');
    }
    const heights = this.members.map(({ tip }) => tip.header.height).join(', ');
    throw new Breach(`liveness: the ledgers stand at ${heights} and not at ${target}`);
  }

  #passTo(now: number): void {
    for (const member of this.members) member.now = Math.max(member.now, now);
  }

  #workAll(): boolean {
    let hasWorked = this.packets.length > 0;
    const packets = this.packets.splice(0);
    for (const packet of packets) this.members[packet.to]?.receive(packet);
    for (const member of this.members) {
      while (member.queue.length > 0) {
        member.carryOut();
        hasWorked = true;
      }
      while (member.wanted.length > 0 && member.fetchBody()) hasWorked = true;
      if (member.apply() || member.produce()) hasWorked = true;
    }
    return hasWorked;
  }

  #deliver(): void {
    const place = this.random.below(Math.max(1, this.packets.length));
    const packet = this.packets[place];
    if (packet === undefined) return;
    // Some come again.
    if (this.random.below(10) >= this.#doubled) this.packets.splice(place, 1);
    if (packet.message?.type === 'accept' && this.random.below(100) < this.#acceptsLost) return;
    this.members[packet.to]?.receive(packet);
  }
}

function dueOf({ state }: WalkMember): number {
  return Math.min(...[...(state?.timers.values() ?? [])].map(({ dueAt }) => dueAt));
}

/** What a walk breaks; null when it breaks nothing. */
export function walk(seed: number, count: number): string | null {
  try {
    const network = new Network(seed, count);
    for (let act = 0; act < actsMax; act++) network.act();
    network.heal();
    return null;
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
}
