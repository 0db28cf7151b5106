/** The live table of a network as text: one row a member, and one line for where nobody looks at a terminal. */
import Table from 'cli-table3';
import type { AttackerKind } from '../attackers/kinds.ts';
import { counted } from '../counted.ts';

/** What is known of one member now; a slow one runs and did not answer in time. */
export interface MemberRow {
  readonly index: number;
  readonly name: string;
  /** Of an attacker; null for a daemon. */
  readonly attacker: AttackerKind | null;
  readonly state: 'running' | 'slow' | 'paused' | 'stopped';
  readonly pid: number | null;
  /** Null for an attacker, which has no API. */
  readonly url: string | null;
  readonly address: string | null;
  readonly reading: MemberReading | null;
}

/** What a daemon answered. */
export interface MemberReading {
  readonly height: number;
  readonly head: string;
  readonly peers: number;
  readonly mempool: number;
  /** Hashes per second. */
  readonly hashRate: number;
}

const head = ['#', 'member', 'kind', 'state', 'pid', 'height', 'head', 'peers', 'mempool', 'hash/s', 'API'];
const blank = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' };
const sides = { 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '' };

export function tableOf(rows: readonly MemberRow[]): string {
  const table = new Table({
    head,
    chars: { ...blank, ...sides, right: '', 'right-mid': '', middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const { index, name, attacker, state, pid, url, reading } of rows) {
    const shown = reading
      ? [reading.height, reading.head.slice(0, 12), reading.peers, reading.mempool, Math.round(reading.hashRate)]
      : ['-', '-', '-', '-', '-'];
    const kind = attacker === null ? 'daemon' : `attacker: ${attacker}`;
    table.push([index, name, kind, state, pid ?? '-', ...shown, url ?? '-'].map(String));
  }
  return table.toString().replace(/ +$/gm, '');
}

/** Heights from lowest to highest, heads that differ, and how many run. */
export function lineOf(rows: readonly MemberRow[]): string {
  const readings = rows.map(({ reading }) => reading).filter(reading => reading !== null);
  const heights = readings.map(({ height }) => height);
  const heads = new Set(readings.map(reading => reading.head)).size;
  const rate = readings.reduce((sum, { hashRate }) => sum + hashRate, 0);
  const peers = readings.map(reading => reading.peers);
  const count = (wanted: MemberRow['state']) => rows.filter(({ state }) => state === wanted).length;
  const slow = count('slow');
  const attackers = rows.filter(({ attacker, state }) => attacker !== null && state === 'running').length;
  return [
    `${count('running') + slow} of ${rows.length} running`,
    ...(attackers === 0 ? [] : [`${counted(attackers, 'attacker')} among them`]),
    ...(slow === 0 ? [] : [`${slow} slow to answer`]),
    `height ${span(heights)}`,
    counted(heads, 'head'),
    `peers ${span(peers)}`,
    `mempool ${span(readings.map(({ mempool }) => mempool))}`,
    `${Math.round(rate)} hash/s`,
  ].join(', ');
}

function span(numbers: readonly number[]): string {
  if (numbers.length === 0) return '-';
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return low === high ? `${low}` : `${low} to ${high}`;
}
