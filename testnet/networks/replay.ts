/**
 * `kvchain-testnet up --replay`: the recordings of a network are played again, all engines in the order of the events' times, with nothing of
 * the machine in it: no clock, socket or disk. Each step must order what it ordered, and leave the state that it left.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KvchainError } from '../../chain/errors.ts';
import { type ReplayedStep, replay } from '../../daemon/engine-recording.ts';
import { readState } from './state-file.ts';

export interface ReplayReport {
  readonly members: number;
  readonly events: number;
  /** Steps that came out otherwise. */
  readonly different: number;
  /** From the first event to the last, in the time of the recording. */
  readonly virtualMs: number;
}

interface Player {
  readonly name: string;
  readonly steps: Generator<ReplayedStep>;
  next: ReplayedStep | null;
}

/** Tells every message as it was heard, and how exact it was. Error thrown: NOT_FOUND without a recording, INTERNAL when a step differs. */
export function replayNetwork(folder: string, format: 'json' | 'text'): void {
  const tell = format === 'text' ? (line: string) => process.stdout.write(`${line}\n`) : () => {};
  const report = playAll(playersIn(folder), tell);
  process.stdout.write(format === 'json' ? `${JSON.stringify(report)}\n` : textOf(report));
  if (report.different > 0) throw new KvchainError('INTERNAL', `${report.different} steps came out otherwise`);
}

function playersIn(folder: string): readonly Player[] {
  const { members } = readState(folder);
  const files = readdirSync(folder).filter(name => name.endsWith('.recording'));
  if (files.length > 0) return files.toSorted().map(file => playerOf(join(folder, file), nameOf(file, members)));
  throw new KvchainError('NOT_FOUND', `no recording in ${folder}`, {
    action: 'Record one with `kvchain-testnet up --record`.',
  });
}

function nameOf(file: string, members: readonly { readonly name: string }[]): string {
  return members[Number.parseInt(file, 10)]?.name ?? file;
}

function playerOf(file: string, name: string): Player {
  const steps = replay(readFileSync(file, 'utf8'));
  return { name, steps, next: nextOf(steps) };
}

function nextOf(steps: Generator<ReplayedStep>): ReplayedStep | null {
  const step = steps.next();
  return step.done ? null : step.value;
}

function playAll(players: readonly Player[], tell: (line: string) => void): ReplayReport {
  const begin = earliest(players)?.next?.event.now ?? 0;
  let events = 0;
  let different = 0;
  let virtualMs = 0;
  for (let player = earliest(players); player !== null; player = earliest(players)) {
    const { name, next } = player;
    if (next === null) break;
    events += 1;
    virtualMs = Math.max(virtualMs, next.event.now - begin);
    if (!next.isExact) different += 1;
    const line = lineOf(name, next, begin);
    if (line !== null) tell(line);
    player.next = nextOf(player.steps);
  }
  return { members: players.length, events, different, virtualMs };
}

/** Whose next event is the first of all. */
function earliest(players: readonly Player[]): Player | null {
  let first: Player | null = null;
  for (const player of players) {
    const isEarlier = player.next !== null && (first?.next == null || player.next.event.now < first.next.event.now);
    if (isEarlier) first = player;
  }
  return first;
}

/** What a message said; other events are not told. */
function lineOf(name: string, { event, engine, isExact }: ReplayedStep, begin: number): string | null {
  const at = `${String(event.now - begin).padStart(8)} ms`;
  if (!isExact) return `${at}  ${name}: another outcome of ${event.type}`;
  if (event.type === 'lead') return `${at}  ${name}: asked to lead`;
  if (event.type !== 'message') return null;
  const said = Object.entries(engine.describe(event.message)).map(([field, value]) => `${field} ${value}`);
  return `${at}  ${name} <- member ${event.member}: ${said.join(', ')}`;
}

function textOf({ members, events, different, virtualMs }: ReplayReport): string {
  const verdict = different === 0 ? 'all orders and states are those of the recording' : `${different} steps differ`;
  return `${events} events of ${members} members in ${virtualMs} ms of virtual time: ${verdict}\n`;
}
