/**
 * The wires between the machines: packets that take their time, get lost, come twice or in another order, and links that are cut in one
 * direction or in both. What is said on them is not known here.
 */
import { KvchainError } from '../../chain/errors.ts';
import type { PeerId } from '../../daemon/ports.ts';
import type { Chance } from './chance.ts';
import type { Packet } from './packet.ts';
import { type RoadSettings, Roads, straightRoads } from './roads.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Weather {
  /** Least time that a packet takes, and what chance adds at most: packets overtake each other within it. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Of a packet that is not carried for sure. */
  readonly lossProbability: number;
  readonly duplicationProbability: number;
  /** Of a message between members, that it is late by up to `lateMsMax`. */
  readonly lateProbability: number;
}

export interface Machine {
  readonly self: PeerId;
  receive(from: PeerId, packet: Packet): void;
}

export interface Traffic {
  readonly delivered: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly inFlight: number;
  readonly inFlightMost: number;
}

/** A packet with its way; `arrivedMs` is null when it was lost. */
export interface Carried {
  readonly from: PeerId;
  readonly to: PeerId;
  readonly packet: Packet;
  readonly sentMs: number;
  readonly arrivedMs: number | null;
}

/** Packets under way at once; more means that two nodes talk in circles. */
const inFlightMax = 100_000;
const lateMsMax = 180_000;

export class Wires {
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #machines = new Map<PeerId, Machine>();
  readonly #roads: Roads;
  readonly #cuts = new Set<string>();
  readonly #sent = new Map<PeerId, number>();
  readonly #traffic = { delivered: 0, lost: 0, duplicated: 0, inFlight: 0, inFlightMost: 0 };
  #weather: Weather;
  #sessions = 0;
  /** Told of each packet that arrived or was lost, for who draws it. */
  onPacket: (carried: Carried) => void = () => {};
  /** Changes packets on their way: for tests that show that such a change is seen. */
  #distortion: (packet: Packet) => Packet = packet => packet;

  constructor(time: VirtualTime, chance: Chance, weather: Weather, roads: RoadSettings = straightRoads) {
    this.#time = time;
    this.#roads = new Roads(roads);
    this.#chance = chance;
    this.#weather = weather;
  }

  get traffic(): Traffic {
    return { ...this.#traffic };
  }

  set weather(weather: Weather) {
    this.#weather = weather;
  }

  /** Packets that a machine has sent so far. */
  sentBy(from: PeerId): number {
    return this.#sent.get(from) ?? 0;
  }

  get weather(): Weather {
    return this.#weather;
  }

  set distortion(distort: (packet: Packet) => Packet) {
    this.#distortion = distort;
  }

  /** A number that no connection had before. */
  nextSession(): number {
    return ++this.#sessions;
  }

  /** From now on what is sent to `machine.self` reaches this machine, also what is under way. */
  attach(machine: Machine): void {
    this.#machines.set(machine.self, machine);
  }

  detach(machine: Machine): void {
    if (this.#machines.get(machine.self) === machine) this.#machines.delete(machine.self);
  }

  /** Nothing that `from` sends reaches `to`, also what is under way; the other direction stays as it is. */
  cut(from: PeerId, to: PeerId): void {
    this.#cuts.add(link(from, to));
  }

  /** Cuts every link between machines of different sides, in both directions. */
  partition(sides: readonly (readonly PeerId[])[]): void {
    for (const side of sides) {
      const others = sides.filter(other => other !== side).flat();
      for (const from of side) for (const to of others) this.cut(from, to);
    }
  }

  mend(): void {
    this.#cuts.clear();
  }

  /** Carries a packet. `sure` packets are sent again below us until they arrive, as TCP does, so only a cut stops them. */
  send(from: PeerId, to: PeerId, packet: Packet): void {
    const { lossProbability, duplicationProbability, lateProbability } = this.#weather;
    this.#sent.set(from, this.sentBy(from) + 1);
    const isSure = packet.carriage === 'sure';
    if (!isSure && this.#chance.happens(lossProbability)) {
      this.#traffic.lost += 1;
      this.onPacket({ from, to, packet, sentMs: this.#time.nowMs, arrivedMs: null });
      return;
    }
    const isLate = packet.type === 'message' && lateProbability > 0 && this.#chance.happens(lateProbability);
    this.#carry(from, to, packet, isLate ? lateMsMax * this.#chance.fraction() : 0);
    if (isSure || !this.#chance.happens(duplicationProbability)) return;
    this.#traffic.duplicated += 1;
    this.#carry(from, to, packet);
  }

  #carry(from: PeerId, to: PeerId, packet: Packet, lateMs = 0): void {
    const { delayMs, jitterMs } = this.#weather;
    this.#traffic.inFlight += 1;
    this.#traffic.inFlightMost = Math.max(this.#traffic.inFlightMost, this.#traffic.inFlight);
    if (this.#traffic.inFlight > inFlightMax)
      throw new KvchainError('INTERNAL', `${inFlightMax} packets are under way`);
    const sent = this.#distortion(packet);
    const sentMs = this.#time.nowMs;
    const wayMs = this.#roads.delayMs(from, to, sent, this.#time.nowMs);
    this.#time.after(wayMs + delayMs + jitterMs * this.#chance.fraction() + lateMs, () => {
      this.#traffic.inFlight -= 1;
      const isCut = this.#cuts.has(link(from, to));
      this.onPacket({ from, to, packet: sent, sentMs, arrivedMs: isCut ? null : this.#time.nowMs });
      if (isCut) return;
      this.#traffic.delivered += 1;
      this.#machines.get(to)?.receive(from, sent);
    });
  }
}

function link(from: PeerId, to: PeerId): string {
  return `${from} > ${to}`;
}
