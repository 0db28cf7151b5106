/** The experiments on faults: their cells, and the smallest of them on real daemons. */
import { expect, it } from 'vitest';
import { engineNames } from '../../../consensus/registry.ts';
import { attackerKinds } from '../../attackers/kinds.ts';
import { RunningNetwork } from '../../networks/network.ts';
import { drawSvg } from '../drawing.ts';
import type { Experiment } from '../experiment.ts';
import { newManifest } from '../manifest.ts';
import { experimentPage } from '../page.ts';
import { byzantine, countAttacks } from './byzantine.ts';
import { crashRecovery } from './crash-recovery.ts';
import { crashStop, crashStopOf } from './crash-stop.ts';
import { failing, minorityOf } from './fault-experiment.ts';
import { expectRunning, runFault } from './fault-run.ts';
import { minerDies } from './miner-dies.ts';
import { omission } from './omission.ts';

const limitMs = 120_000;

it.each([
  [1, 0],
  [2, 0],
  [3, 1],
  [4, 1],
  [5, 2],
])('of %d fewer than half are at most %d', (count, expected) => {
  expect(minorityOf(count)).toBe(expected);
});

it('fails those with the highest numbers', () => {
  expect(failing({ engine: 'pow', fault: 'x', nodes: 5, magnitude: 2 })).toEqual([3, 4]);
});

const all: readonly Experiment[] = [crashStop, crashRecovery, omission, byzantine, minerDies];

/** Each kind of cell with its magnitudes, in a full run. */
function magnitudesOf(experiment: Experiment, engine = 'pow'): Readonly<Record<string, readonly unknown[]>> {
  const cells = experiment.cells('full', engine);
  return Object.fromEntries(
    cells.map(({ fault }) => [fault, cells.filter(cell => cell.fault === fault).map(({ magnitude }) => magnitude)]),
  );
}

it.each([
  ['one, f, f + 1 and all but one', crashStop, { 'crash-stop': [1, 2, 3, 4] }],
  ['one, f, f + 1 and all but one', crashRecovery, { 'crash-recovery': [1, 2, 3, 4] }],
  ['so many percent in both directions', omission, { sending: [1, 5, 20, 50], receiving: [1, 5, 20, 50] }],
  [
    'one, half and all but one at each place',
    minerDies,
    { 'in-block-assembly': [1, 2, 4], 'after-finding': [1, 2, 4], 'half-the-peers-served': [1, 2, 4] },
  ],
])('strikes %s', (_, experiment, expected) => {
  expect(magnitudesOf(experiment)).toEqual(expected);
});

it('lets every kind of attacker attack, with the hash rate that it needs', () => {
  const magnitudes = magnitudesOf(byzantine, 'pow-paxos');
  expect(Object.keys(magnitudes)).toEqual(attackerKinds);
  expect(Object.keys(magnitudesOf(byzantine))).toEqual(attackerKinds.filter(kind => kind !== 'false-certifier'));
  expect(magnitudes.silent).toEqual([0.33]);
  expect(magnitudes.censor).toEqual([1.5]);
});

it.each(all.map(experiment => [experiment.name, experiment] as const))(
  '%s runs on every engine that can have the fault, quickly in at most two cells',
  (name, { engines, onlyThese, cells }) => {
    const needsMiners = name === 'byzantine' || name === 'miner-dies';
    expect(engines).toEqual(needsMiners ? ['pow', 'pow-paxos'] : engineNames);
    expect(onlyThese !== undefined).toBe(needsMiners);
    expect(cells('quick', 'pow').length).toBeLessThanOrEqual(2);
    for (const cell of cells('full', 'pow')) expect(cell).toMatchObject({ engine: 'pow', nodes: 5 });
  },
);

it('counts the attacks in a log, and nothing else that it tells', () => {
  const attack = '{"time":"2026-01-01T00:00:00.000Z","what":"\\"msg\\":\\"fault\\"","msg":"attacks"}';
  const log = [attack, '{"error":"msg: attacks","msg":"fault"}', 'words of the runtime', attack, ''].join('\n');
  expect(countAttacks(log)).toBe(2);
  expect(countAttacks('')).toBe(0);
});

it('takes a daemon that does not run for dead by itself, unless it is down on purpose', async () => {
  const { network } = crashStopOf({ engine: 'pow', fault: 'crash-stop', magnitude: 1, nodes: 2 });
  const stopped = new RunningNetwork(network, 'never-started');
  expect(() => expectRunning(stopped, [0])).toThrow('node-1 has died by itself');
  expect(() => expectRunning(stopped, [0, 1])).not.toThrow();
});

it(
  'loses nothing when one of three daemons dies, and tells so on its page',
  async () => {
    const cell = { engine: 'pow', fault: 'crash-stop', magnitude: 1, nodes: 3 };
    const recovery = { part: 0.5, windowMs: 1_000 };
    const measured = await runFault(crashStopOf(cell), {
      beforeMs: 2_000,
      duringMs: 2_000,
      afterMs: 5_000,
      recovery,
    });
    const rows = [{ ...cell, ...measured }];
    expect(measured).toMatchObject({ lost: 0, healedMs: 'none' });
    expect(measured.acknowledged).toBeGreaterThan(0);
    expect(Object.keys({ ...cell, ...measured }).toSorted()).toEqual(
      Object.keys({ ...crashStop.columns, ...crashStop.series }).toSorted(),
    );
    const run = { experiment: crashStop, size: 'quick', seed: 1n, engine: 'pow', only: '' } as const;
    const page = experimentPage(crashStop, { rows, manifest: newManifest(run) });
    expect(page).toContain('puts 0 were lost');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
    for (const { spec } of crashStop.draw(rows)) expect(await drawSvg(spec)).toMatch(/^<svg .*<path/s);
  },
  limitMs,
);
