/** What of a packet's delay comes from where the machines stand, how wide the way between them is, and how slow the receiver is. */
import type { PeerId } from '../../daemon/ports.ts';
import type { Packet } from './packet.ts';
import { oneWayMs } from './regions.ts';

export interface RoadSettings {
  /** Region of each machine, by number; a machine that is missing stands beside all others. */
  readonly regionOf: ReadonlyMap<PeerId, number>;
  /** What each direction of a link carries; null is without limit. */
  readonly bytesPerMs: number | null;
  /** How long a machine works on one packet before it takes up the next; a machine that is missing takes no time. */
  readonly slowMs: ReadonlyMap<PeerId, number>;
}

export const straightRoads: RoadSettings = { regionOf: new Map(), bytesPerMs: null, slowMs: new Map() };

/** What a packet weighs beside its data. */
const frameBytes = 64;

export class Roads {
  readonly #settings: RoadSettings;
  /** Link, or slow machine -> when it has done what was given to it. */
  readonly #freeAt = new Map<string, number>();

  constructor(settings: RoadSettings) {
    this.#settings = settings;
  }

  /** How long a packet that is sent now is under way, queues included. */
  delayMs(from: PeerId, to: PeerId, packet: Packet, nowMs: number): number {
    const { regionOf, bytesPerMs, slowMs } = this.#settings;
    const fromRegion = regionOf.get(from);
    const toRegion = regionOf.get(to);
    const way = fromRegion === undefined || toRegion === undefined ? 0 : oneWayMs(fromRegion, toRegion);
    const sending = bytesPerMs === null ? 0 : this.#queue(`${from} > ${to}`, nowMs, sizeOf(packet) / bytesPerMs);
    const working = slowMs.get(to);
    const arrivalMs = nowMs + way + sending;
    return way + sending + (working === undefined ? 0 : this.#queue(to, arrivalMs, working));
  }

  /** The wait of who comes at `nowMs` and needs `durationMs`, until it is done. */
  #queue(place: string, nowMs: number, durationMs: number): number {
    const doneAt = Math.max(nowMs, this.#freeAt.get(place) ?? 0) + durationMs;
    this.#freeAt.set(place, doneAt);
    return doneAt - nowMs;
  }
}

function sizeOf(packet: Packet): number {
  switch (packet.type) {
    case 'gossip':
    case 'request':
    case 'message':
      return frameBytes + packet.data.length;
    case 'answer':
      return frameBytes + (packet.answer.ok ? packet.answer.value.length : 0);
    default:
      return frameBytes;
  }
}
