/** What is measured of a fault, out of what was acknowledged and when the daemons were seen to agree. Pure. */
import { percentilesOf } from '../../demo/percentiles.ts';
import { type Acknowledged, putRate } from '../../scenarios/putting.ts';
import { numberIn, type Row } from '../experiment.ts';

export type Put = Pick<Acknowledged, 'beganMs' | 'atMs'>;

/** How high the highest daemon stood, and when. */
export interface Height {
  readonly atMs: number;
  readonly height: number;
}

/** A run as it went; all times are monotonic milliseconds. */
export interface FaultRecord {
  readonly puts: readonly Put[];
  /** When all daemons that ran had one head, in order. */
  readonly agreeingMs: readonly number[];
  /** In the order of their times. */
  readonly heights: readonly Height[];
  readonly startMs: number;
  /** When the fault was ordered, and when it had struck everywhere: what is between belongs neither to before nor to during. */
  readonly orderedMs: number;
  readonly faultMs: number;
  /** The end of `during`, which is when the healing was ordered, if it was. */
  readonly overMs: number;
  /** When the healing was done; null where nothing is healed. */
  readonly mendedMs: number | null;
  readonly endMs: number;
}

export interface Recovery {
  /** The rate of before is back when this part of it is reached over a window. */
  readonly part: number;
  readonly windowMs: number;
}

const secondMs = 1_000;
/** What stands where there is no number: texts do not look like numbers. */
const none = 'none';

export const measuredColumns = {
  healedMs: 'from the fault, when it has struck everywhere, to its healing; none: it stays',
  putRateBefore: 'acknowledged puts a second before the fault was ordered',
  putRateDuring: 'the same while it lasted (where it stays: in the same time)',
  putRateAfter: 'the same at the end, over as long a time as before it',
  blocksBefore: 'blocks a second by which the highest daemon rose before the fault was ordered',
  blocksDuring: 'the same while it lasted (where it stays: in the same time)',
  p50: "median of a put's time to inclusion in ms, of the puts that were under way when the fault struck or begun while it lasted (where it stays: in the same time), whenever they were answered; the search for another daemon counts",
  p99: '99 % of them took at most this long',
  longest: 'the longest of them: a hand that waits alone is less than 1 % of the puts',
  recoveryMs:
    'from the healing (where nothing is healed: from the fault) until puts come as before, and go on so, and all daemons have one head; none: not within the run',
  acknowledged: 'puts that were answered as included',
  lost: 'of these, at rest not included in the chain of any daemon',
} as const;

export const timelineColumn = {
  timeline:
    'for each second from the fault on, second:puts:latency: puts acknowledged in it, and the median of their times to inclusion in ms',
} as const;

export function measure(record: FaultRecord, recovery: Recovery): Row {
  const { puts, heights, startMs, orderedMs, faultMs, overMs, mendedMs, endMs } = record;
  const before = putRate(puts, startMs, orderedMs);
  const struck = puts.filter(({ beganMs, atMs }) => beganMs < overMs && atMs >= faultMs).map(latencyOf);
  const { p50, p99 } = percentilesOf(struck);
  return {
    healedMs: mendedMs === null ? none : Math.round(overMs - faultMs),
    putRateBefore: twoDigits(before),
    putRateDuring: twoDigits(putRate(puts, faultMs, overMs)),
    putRateAfter: twoDigits(putRate(puts, endMs - (orderedMs - startMs), endMs)),
    blocksBefore: twoDigits(blockRate(heights, startMs, orderedMs)),
    blocksDuring: twoDigits(blockRate(heights, faultMs, overMs)),
    p50: struck.length === 0 ? none : Math.round(p50),
    p99: struck.length === 0 ? none : Math.round(p99),
    longest: struck.length === 0 ? none : Math.round(Math.max(...struck)),
    recoveryMs: recoveryOf(record, recovery) ?? none,
    acknowledged: puts.length,
    timeline: timelineOf(record),
  };
}

/** Milliseconds until the network was as before, as far as `record` goes; null: not yet. */
export function recoveryOf(record: FaultRecord, { part, windowMs }: Recovery): number | null {
  const { puts, agreeingMs, startMs, orderedMs, faultMs, overMs, mendedMs, endMs } = record;
  const [fromMs, agreeFromMs] = mendedMs === null ? [faultMs, faultMs] : [overMs, mendedMs];
  const wanted = part * putRate(puts, startMs, orderedMs);
  // A window that begins with a put holds no fewer than one that begins just before it.
  const begins = [fromMs, ...puts.map(({ atMs }) => atMs).filter(atMs => atMs > fromMs)];
  // Up to the end too: a fault may bite only after some seconds, as when the block was nearly found.
  const flowing = begins.find(
    beginMs =>
      beginMs + windowMs <= endMs &&
      [beginMs + windowMs, endMs].every(untilMs => putRate(puts, beginMs, untilMs) >= wanted),
  );
  const agreeing = agreeingMs.find(atMs => atMs >= agreeFromMs);
  return flowing === undefined || agreeing === undefined ? null : Math.round(Math.max(flowing, agreeing) - fromMs);
}

/** Blocks a second between two times; negative where a reorg left fewer. */
function blockRate(heights: readonly Height[], fromMs: number, toMs: number): number {
  const heightAt = (timeMs: number) => heights.findLast(({ atMs }) => atMs <= timeMs)?.height ?? 0;
  return toMs > fromMs ? (secondMs * (heightAt(toMs) - heightAt(fromMs))) / (toMs - fromMs) : 0;
}

/** Whole seconds alone, from the first after the start to the last before the end. */
function timelineOf({ puts, startMs, faultMs, endMs }: FaultRecord): string {
  const first = Math.ceil((startMs - faultMs) / secondMs);
  const end = Math.floor((endMs - faultMs) / secondMs);
  return Array.from({ length: end - first }, (_, index) => {
    const second = first + index;
    const beginMs = faultMs + second * secondMs;
    const inside = puts.filter(({ atMs }) => atMs >= beginMs && atMs < beginMs + secondMs).map(latencyOf);
    return [second, inside.length, inside.length === 0 ? none : Math.round(percentilesOf(inside).p50)].join(':');
  }).join(' ');
}

export interface Moment {
  readonly second: number;
  readonly puts: number;
  /** Null in a second without puts. */
  readonly latencyMs: number | null;
}

export function readTimeline(row: Row): readonly Moment[] {
  return String(row.timeline)
    .split(' ')
    .map(text => {
      const [second, puts, latency] = text.split(':');
      return { second: Number(second), puts: Number(puts), latencyMs: latency === none ? null : Number(latency) };
    });
}

/** A number of a row; null where there is none. */
export function numberOrNone(row: Row, column: keyof typeof measuredColumns): number | null {
  return row[column] === none ? null : numberIn(row, column);
}

function latencyOf({ beganMs, atMs }: Put): number {
  return atMs - beganMs;
}

function twoDigits(value: number): number {
  return Math.round(100 * value) / 100;
}
