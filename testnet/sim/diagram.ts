/**
 * A run as a message-sequence diagram: a line downwards for each machine, an arrow for each packet, a word for each event. Time goes
 * down, one row a moment in which something happened; what came last is what is drawn.
 */
import type { PeerId } from '../../daemon/ports.ts';
import type { Packet } from './packet.ts';

/** A packet from when it was sent to when it arrived. */
export interface Message {
  readonly from: PeerId;
  readonly to: PeerId;
  readonly what: string;
  readonly sentMs: number;
  /** Null when it was lost. */
  readonly arrivedMs: number | null;
}

/** A line of the trace that belongs to a machine, or to the world. */
export interface Happening {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
}

/** The moments that a diagram shows at most: the last ones. */
const momentsMax = 400;
const columnPx = 150;
const rowPx = 16;
const topPx = 40;
const leftPx = 110;

/** What a packet is in a word; null of those that say nothing of the protocol. */
export function wordOf(packet: Packet): string | null {
  switch (packet.type) {
    case 'heartbeat':
      return null;
    case 'gossip':
      return packet.topic === 'blocks' ? 'block' : null;
    case 'answer':
      return packet.answer.ok ? 'answer' : packet.answer.error.code;
    default:
      return packet.type;
  }
}

/** Reads a line of the trace. */
export function happeningOf(line: string): Happening {
  const [at = '0', who = '', ...what] = line.split(' ');
  return { atMs: Number(at), who, what: what.join(' ') };
}

/** The SVG document. `names` are the machines, from left to right. */
export function drawDiagram(
  names: readonly PeerId[],
  messages: readonly Message[],
  happenings: readonly Happening[],
): string {
  const times = messages.flatMap(({ sentMs, arrivedMs }) => (arrivedMs === null ? [sentMs] : [sentMs, arrivedMs]));
  const moments = [...new Set([...times, ...happenings.map(({ atMs }) => atMs)])].sort((a, b) => a - b);
  const shown = moments.slice(-momentsMax);
  const rows = new Map(shown.map((atMs, row) => [atMs, topPx + (row + 1) * rowPx]));
  const columns = new Map(names.map((name, column) => [name, leftPx + columnPx * (column + 0.5)]));
  const width = leftPx + columnPx * names.length + columnPx;
  const height = topPx + (shown.length + 2) * rowPx;
  const lines = names.map(name => lifeline(name, columns.get(name) ?? 0, height));
  const stamps = shown.map(atMs => text(8, rows.get(atMs) ?? 0, 'time', (atMs / 1_000).toFixed(3)));
  const arrows = messages.map(message => arrow(message, columns, rows));
  const words = happenings.map(happening => word(happening, columns, rows));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>text{font:11px sans-serif}.name{font-weight:bold}.time{fill:#777}.life{stroke:#bbb}.sent{stroke:#2563a8}.lost{stroke:#c33;stroke-dasharray:4 3}
.event{fill:#222;font-weight:bold}.label{fill:#2563a8}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#2563a8"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>
${[...lines, ...stamps, ...arrows, ...words].filter(part => part !== '').join('\n')}
</svg>
`;
}

type Places = ReadonlyMap<string, number>;

function lifeline(name: string, x: number, height: number): string {
  return `${text(x, topPx - 14, 'name', name)}<line class="life" x1="${x}" y1="${topPx}" x2="${x}" y2="${height}"/>`;
}

function arrow(
  { from, to, what, sentMs, arrivedMs }: Message,
  columns: Places,
  rows: ReadonlyMap<number, number>,
): string {
  const [x1, x2] = [columns.get(from), columns.get(to)];
  const y1 = rows.get(sentMs);
  if (x1 === undefined || x2 === undefined || y1 === undefined) return '';
  const y2 = arrivedMs === null ? y1 : rows.get(arrivedMs);
  if (y2 === undefined) return '';
  // What was lost ends half-way.
  const end = arrivedMs === null ? (x1 + x2) / 2 : x2;
  const style = arrivedMs === null ? 'class="lost"' : 'class="sent" marker-end="url(#tip)"';
  const label = text(x1 + (end - x1) / 4, y1 + (y2 - y1) / 4 - 2, 'label', what);
  return `<line ${style} x1="${x1}" y1="${y1}" x2="${end}" y2="${y2}"/>${label}`;
}

function word({ atMs, who, what }: Happening, columns: Places, rows: ReadonlyMap<number, number>): string {
  const y = rows.get(atMs);
  if (y === undefined) return '';
  const x = columns.get(who);
  if (x === undefined) return text(leftPx - 30, y, 'event', what);
  return `<circle cx="${x}" cy="${y}" r="3"/>${text(x + 6, y, 'event', what)}`;
}

function text(x: number, y: number, style: string, words: string): string {
  const safe = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text class="${style}" x="${x.toFixed(1)}" y="${y.toFixed(1)}">${safe}</text>`;
}
