/** An attacker joins the daemons, does what it does, and leaves. */
import { attackerKinds, isAttacker, isMajority } from '../../attackers/kinds.ts';
import { type FaultCell, faultExperiment, hashRate, networkOf } from './fault-experiment.ts';
import type { Fault } from './fault-run.ts';

/** Of the hash rate of all daemons together. */
const minorityPart = 0.33;
const majorityPart = 1.5;

export const byzantine = faultExperiment({
  name: 'byzantine',
  title: 'Attackers',
  expected: [
    'One [attacker](../../testnet/attackers.md) of each kind, linked to every daemon, in a process of its own. It has a third of the hash rate of all daemons together, which is a quarter of the whole;',
    'the two kinds that need more than half have one and a half times theirs. It joins when the fault begins, and leaves when it ends.',
    '',
    'A minority is expected to change nothing that matters. An attacker that mines adds blocks, also empty ones; one that withholds, forks or equivocates makes others lose a block now and then; who sends',
    'what is invalid is disconnected after a few messages, before it costs much; who sends much is served from his own allowance. All share the cores of one machine,',
    'so what an attacker computes is missing elsewhere, and the start of its process is seen by itself. The majorities do what nothing in proof of work protects from: `censor` leaves out one account',
    '(a hand that it chose waits until it leaves), and `history-rewriter` undoes blocks, also those with puts of others. These go back to the mempools and are mined again, so also then nothing is lost.',
  ].join('\n'),
  fault: 'the kind of attacker',
  magnitude: "the attacker's hash rate, as a part of that of all daemons",
  cells: size => {
    const kinds = size === 'full' ? attackerKinds : attackerKinds.slice(0, 1);
    return kinds.map(kind => ({ fault: kind, magnitude: isMajority(kind) ? majorityPart : minorityPart }));
  },
  faultOf: byzantineOf,
  conclusion: [
    '- With less than half of the hash rate an attacker can make puts wait, and by little. It cannot take back what has confirmations, nor keep anybody out.',
    '- What keeps the cost of an attack low for the attacked is that everything is bounded and checked cheaply first; the [planted bugs](../mutants.md) show which rule it is for each kind.',
    '- With more than half nothing is certain but this: what was acknowledged comes back, unless its own sender contradicts it. How likely that is for which share and which number of confirmations:',
    '  [double-spend](../double-spend/README.md).',
  ].join('\n'),
});

function byzantineOf(cell: FaultCell): Fault {
  const kind = cell.fault;
  if (!isAttacker(kind)) throw new Error(`no attacker ${kind}`);
  const attackers = [{ kind, hashRate: Math.round(cell.magnitude * cell.nodes * hashRate), begins: 'on-order' }];
  return {
    network: networkOf(cell, { attackers }),
    strike: network => network.restart(cell.nodes),
    heal: network => network.member(cell.nodes).stop(),
  };
}
