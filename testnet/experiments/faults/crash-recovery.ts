/** Some daemons are killed and come back with what their disks hold. */
import { type FaultCell, failing, faultExperiment, magnitudesOfCrashes, networkOf } from './fault-experiment.ts';
import type { Fault } from './fault-run.ts';

export const crashRecovery = faultExperiment({
  name: 'crash-recovery',
  title: 'Daemons that crash and come back',
  expected: [
    '`magnitude` daemons are killed (SIGKILL) at one moment, and started again on their folders and ports: one, as many as are fewer than half (`f`), one more, and all but one.',
    'While they are away it is as when they [stop for ever](../crash-stop/README.md): the rest goes on, more slowly by the hash rate that is missing. A step of the',
    'ledger is one synced batch, so each stands before it or after it, takes up its chain, fetches what was mined without it from the first peer that it reaches, and mines again.',
    'That takes the start of a process (here all of them share the cores of one machine) and some round trips for so few blocks. Then the rate of before is back.',
    'A block that only the dead one had is on a lighter branch by then: it is undone, and its transactions go back to the mempool, so nothing acknowledged is lost.',
  ].join('\n'),
  expectedOn: {
    paxos: [
      'With `paxos` nobody mines, and hash rates do not count: a put is acknowledged when a majority of the members, three of five, holds its block on disk. With three or four away nothing is acknowledged until three are back:',
      'each takes up its promise and its votes from its log, one of them is elected, and proposes again what a majority may have accepted.',
    ].join('\n'),
  },
  fault: '`crash-recovery`',
  magnitude: 'daemons that crash',
  cells: size => magnitudesOfCrashes(size).map(magnitude => ({ fault: 'crash-recovery', magnitude })),
  faultOf: crashRecoveryOf,
  conclusion: [
    '- A crash costs the time of a start and what is missing of the chain, whatever the number of daemons that crash at once, as long as one is left; nobody has to lay a hand on them.',
    '- What a daemon said is on its disk, or on its way to the others; that holds at every write and every send, as the [failpoints](../failpoints.md) show one by one.',
    '- The difficulty hardly moves during a short absence, so the interval of before is back with the miners.',
  ].join('\n'),
});

function crashRecoveryOf(cell: FaultCell): Fault {
  const failed = failing(cell);
  return {
    network: networkOf(cell),
    strike: network => Promise.all(failed.map(index => network.member(index).kill())),
    heal: network => Promise.all(failed.map(index => network.restart(index))),
    staysDown: [],
  };
}
