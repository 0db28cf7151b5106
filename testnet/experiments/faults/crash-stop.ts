/** Some daemons are killed and never come back. */

import { type FaultCell, failing, faultExperiment, magnitudesOfCrashes, networkOf } from './fault-experiment.ts';
import type { Fault } from './fault-run.ts';

export const crashStop = faultExperiment({
  name: 'crash-stop',
  title: 'Daemons that stop for ever',
  expected: [
    '`magnitude` daemons are killed (SIGKILL) at one moment: one, as many as are fewer than half (`f`), one more, and all but one. Proof of work has no quorum: whoever is',
    'left goes on, also alone, and what was acknowledged is in the blocks and the mempools of the others. But the hash rate of the dead is gone: of 5 equal miners `m` dead ones',
    'make blocks come `5 / (5 - m)` times more slowly, and each put waits that much longer. The difficulty adapts, but slowly: ASERT halves it for each 288 intervals',
    'that the chain is behind its schedule (at 500 ms: 144 s), so within this run it hardly moves. The rate of before is expected to stay within the tolerance for one dead',
    'daemon (80 % of the blocks are left), to be on its edge for two (60 %), so that chance decides, and not to be back within the run for the others. Hands at a dead daemon lose the put at work, and one more round.',
  ].join('\n'),
  expectedOn: {
    paxos: [
      'With `paxos` nobody mines, and hash rates do not count: a put is acknowledged when a majority of the members, three of five, holds its block on disk. So with one or two dead puts go on, after an election',
      'when the leader is among them; with three or four dead none is acknowledged, for ever. Nothing is lost then either: in the end the dead are started again, as what they acknowledged may be on their disks alone.',
    ].join('\n'),
  },
  fault: '`crash-stop`',
  magnitude: 'daemons that die',
  cells: size => magnitudesOfCrashes(size).map(magnitude => ({ fault: 'crash-stop', magnitude })),
  faultOf: crashStopOf,
  conclusion: [
    '- Availability does not depend on a majority: a reader or writer that reaches one living daemon is served. What a majority is needed for is security, since an attacker',
    '  competes with the hash rate that is left.',
    '- Time to inclusion follows the hash rate at once, and comes back over some half-lives of ASERT. Who waits for confirmations waits longer by the same factor.',
    '- Clients should know several daemons: the daemon is the part that fails, not the network.',
  ].join('\n'),
});

export function crashStopOf(cell: FaultCell): Fault {
  return {
    network: networkOf(cell),
    strike: network => Promise.all(failing(cell).map(index => network.member(index).kill())),
    heal: null,
    staysDown: failing(cell),
  };
}
