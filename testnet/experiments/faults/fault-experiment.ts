/** What the experiments on faults share: the network, the columns, and what is said and drawn of the rows. */
import { engineNames as genesisEngines } from '../../../chain/genesis.ts';
import { minesBlocks } from '../../../chain/params.ts';
import { engineNames } from '../../../consensus/registry.ts';
import { type NetworkPlan, planOf } from '../../networks/network-file.ts';
import { type Experiment, numberIn, type Row, type Size } from '../experiment.ts';
import { faultDrawings } from './drawings.ts';
import { type Fault, type Phases, runFault, usualPhases } from './fault-run.ts';
import { measuredColumns, numberOrNone, timelineColumn } from './measures.ts';

export const nodes = 5;
const intervalMs = 500;
/** Hashes a second of each daemon: little of a core for all of them, and still thousands of trials a block. */
export const hashRate = 1_000;

/** The engines of this program whose blocks are mined. */
export const minedEngines: readonly string[] = genesisEngines.filter(
  name => minesBlocks(name) && engineNames.includes(name),
);

/** Of `pow-paxos`, whatever the fault. */
const expectedOfMiningMembers = [
  'With `pow-paxos` the five also vote on checkpoints. Puts are acknowledged when they are mined, as above, and the members cost them nothing; without three members nothing new becomes',
  'final, and mining goes on.',
].join('\n');

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
  /** What is expected otherwise on an engine, by its name. */
  readonly expectedOn?: Readonly<Record<string, string>>;
  /** What `magnitude` counts, and what `fault` names. */
  readonly magnitude: string;
  readonly fault: string;
  cells(size: Size, engine: string): readonly Pick<FaultCell, 'fault' | 'magnitude'>[];
  faultOf(cell: FaultCell): Fault;
  readonly conclusion: string;
  /** Where some cells need other times than the usual ones. */
  phasesOf?(cell: FaultCell): Phases;
  /** Where it cannot be run on every engine: on which, and why. */
  readonly runsOn?: { readonly engines: readonly string[]; readonly onlyThese: string };
  /** The columns of the further results. */
  readonly results?: Readonly<Record<string, string>>;
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
      ...kind.results,
    },
    series: timelineColumn,
    engines: engineNames,
    ...kind.runsOn,
    expectedOn: { 'pow-paxos': expectedOfMiningMembers, ...kind.expectedOn },
    cells: (size, engine) => kind.cells(size, engine).map(cell => ({ engine, ...cell, nodes })),
    run: row => {
      const cell = faultCell(row);
      return runFault(kind.faultOf(cell), kind.phasesOf?.(cell) ?? usualPhases);
    },
    draw: rows => faultDrawings(name, rows, titleOf),
    findings,
    conclusion,
  };
}

/** As many as come in the mean. */
function blocksIn(timeMs: number): number {
  return timeMs / intervalMs;
}

/** The standard error of a count of blocks, in percent: they come as a Poisson process. */
function noiseIn(timeMs: number): string {
  return (100 / Math.sqrt(blocksIn(timeMs))).toFixed(0);
}

const setting = [
  `${nodes} real daemons on one machine, all linked to each other, mine with equal hash rates; a block comes every ${intervalMs} ms in the mean, and the`,
  'difficulty follows the hash rate (ASERT). At each daemon four hands put one key after the other and wait until it is included. A hand whose daemon does not',
  `answer goes on at the next one. The fault strikes after ${usualPhases.beforeMs / 1_000} s; where it is healed, that is ordered ${usualPhases.duringMs / 1_000} s later, and ${usualPhases.afterMs / 1_000} s more are measured, whatever comes. Puts a second are no measure of speed here: so many hands`,
  'wait for blocks, and when blocks come half as often they put half as much. In the end the miners stop, one last of all, and every acknowledged put is looked',
  'for at all daemons that run. No hand replaces a put or lets it expire, so whatever is not included then is lost: `lost` must be 0.',
  '',
  `Puts count as recovered when they come at ${100 * usualPhases.recovery.part} % of the rate of before over ${usualPhases.recovery.windowMs / 1_000} s, and so on to the end. Blocks come at random, and puts with them:`,
  `about ${blocksIn(usualPhases.beforeMs)} blocks before the fault and in as long a time at the end, ${blocksIn(usualPhases.duringMs)} during it. So a rate has a standard error of ${noiseIn(usualPhases.beforeMs)} % before and after, and of ${noiseIn(usualPhases.duringMs)} % during, by`,
  'counting alone. Each cell is one run: rates in it that differ by less than about a half tell nothing, and neither does a recovery of some seconds.',
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
    const blocks = ['blocksBefore', 'blocksDuring'].map(column => numberIn(row, column).toFixed(1));
    const waited =
      p99 === null ? 'no put that met it was answered' : `99 % of the puts that met it took at most ${p99} ms`;
    const recovered = recoveryMs === null ? 'not as before within the run' : `as before after ${recoveryMs} ms`;
    return `- ${titleOf(row)}: ${before} puts/s before, ${during} during, ${after} after; ${blocks.join(' and ')} blocks/s before and during; ${waited}; ${recovered}.`;
  });
  return [`Of ${sum('acknowledged')} acknowledged puts ${sum('lost')} were lost.`, '', ...lines].join('\n');
}
