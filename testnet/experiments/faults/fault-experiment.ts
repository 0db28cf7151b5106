/** What the experiments on faults share: the network, the columns, and what is said and drawn of the rows. */
import { engineNames } from '../../../consensus/registry.ts';
import { type NetworkPlan, planOf } from '../../networks/network-file.ts';
import { type Experiment, numberIn, type Row, type Size } from '../experiment.ts';
import { faultDrawings } from './drawings.ts';
import { type Fault, runFault, usualPhases } from './fault-run.ts';
import { measuredColumns, numberOrNone, timelineColumn } from './measures.ts';

export const nodes = 5;
const intervalMs = 500;
/** Hashes a second of each daemon: little of a core for all of them, and still thousands of trials a block. */
export const hashRate = 1_000;

/** One cell, by what an experiment names it. */
export interface FaultCell {
  readonly engine: string;
  readonly fault: string;
  readonly magnitude: number;
  readonly nodes: number;
}

export interface FaultKind {
  readonly name: string;
  readonly title: string;
  /** What is done, what is expected of it, and why. Markdown. */
  readonly expected: string;
  /** What `magnitude` counts, and what `fault` names. */
  readonly magnitude: string;
  readonly fault: string;
  cells(size: Size): readonly Pick<FaultCell, 'fault' | 'magnitude'>[];
  faultOf(cell: FaultCell): Fault;
  readonly conclusion: string;
}

export function faultExperiment(kind: FaultKind): Experiment {
  const { name, title, expected, conclusion } = kind;
  return {
    name,
    title,
    expected: [setting, '', expected].join('\n'),
    columns: {
      engine: 'how the daemons agree',
      fault: kind.fault,
      magnitude: kind.magnitude,
      nodes: 'daemons, without attackers',
      ...measuredColumns,
    },
    series: timelineColumn,
    engines: engineNames,
    cells: (size, engine) => kind.cells(size).map(cell => ({ engine, ...cell, nodes })),
    run: cell => runFault(kind.faultOf(faultCell(cell)), usualPhases),
    draw: rows => faultDrawings(name, rows, titleOf),
    findings,
    conclusion,
  };
}

const setting = [
  `${nodes} real daemons on one machine, all linked to each other, mine with equal hash rates; a block comes every ${intervalMs} ms in the mean, and the`,
  'difficulty follows the hash rate (ASERT). At each daemon four hands put one key after the other and wait until it is included. A hand whose daemon does not',
  `answer goes on at the next one. The fault strikes after ${usualPhases.beforeMs / 1_000} s; where it is healed, that is ordered ${usualPhases.duringMs / 1_000} s later. Puts a second are no measure of speed here: so many hands`,
  'wait for blocks, and when blocks come half as often they put half as much. In the end the miners stop, one last of all, and every acknowledged put is looked',
  'for at all daemons that run: `lost` must be 0.',
  '',
  `Blocks come at random, about ${(usualPhases.recovery.windowMs / intervalMs).toFixed(0)} of them in the window of ${usualPhases.recovery.windowMs / 1_000} s over which ${100 * usualPhases.recovery.part} % of the rate of before count as recovered; the rate over such a window varies by a third`,
  'by itself. So a recovery of a few seconds is none to speak of, and rates that differ by a fifth do not differ.',
].join('\n');

/** The daemons of a cell; `changes` are further fields of the network file. */
export function networkOf({ engine, nodes: count }: FaultCell, changes: object = {}): NetworkPlan {
  const equal = Array.from({ length: count }, () => ({ hashRate }));
  return planOf({ name: 'faults', engine, intervalMs, nodes: equal, ...changes });
}

/** How many faulty ones of `count` are fewer than half: what proof of work, and any majority, bears. */
export function minorityOf(count: number): number {
  return Math.floor((count - 1) / 2);
}

/** How many crash: one, f, f + 1 and all but one. */
export function magnitudesOfCrashes(size: Size): readonly number[] {
  const f = minorityOf(nodes);
  return size === 'full' ? [1, f, f + 1, nodes - 1] : [1];
}

/** The members that fail when so many do: those with the highest numbers. */
export function failing({ nodes: count, magnitude }: FaultCell): readonly number[] {
  return Array.from({ length: magnitude }, (_, index) => count - magnitude + index);
}

function faultCell(row: Row): FaultCell {
  const { engine, fault } = row;
  return {
    engine: String(engine),
    fault: String(fault),
    magnitude: numberIn(row, 'magnitude'),
    nodes: numberIn(row, 'nodes'),
  };
}

function titleOf(row: Row): string {
  const { fault, magnitude } = faultCell(row);
  return `${fault} ${magnitude}`;
}

function findings(rows: readonly Row[]): string {
  const sum = (column: string) => rows.reduce((total, row) => total + numberIn(row, column), 0);
  const lines = rows.map(row => {
    const rates = ['putRateBefore', 'putRateDuring', 'putRateAfter'].map(column => numberIn(row, column).toFixed(1));
    const p99 = numberOrNone(row, 'p99');
    const recoveryMs = numberOrNone(row, 'recoveryMs');
    const [before, during, after] = rates;
    const waited = p99 === null ? 'no put that met it was answered' : `99 % of the puts that met it took at most ${p99} ms`;
    const recovered = recoveryMs === null ? 'not as before within the run' : `as before after ${recoveryMs} ms`;
    return `- ${titleOf(row)}: ${before} puts/s before, ${during} during, ${after} after; ${waited}; ${recovered}.`;
  });
  return [`Of ${sum('acknowledged')} acknowledged puts ${sum('lost')} were lost.`, '', ...lines].join('\n');
}
