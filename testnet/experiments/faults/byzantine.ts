/** An attacker joins the daemons, does what it does, and leaves. */
import { readFile } from 'node:fs/promises';
import { KvchainError } from '../../../chain/errors.ts';
import { attackerKinds, isAttacker, isCertifier, isMajority } from '../../attackers/kinds.ts';
import type { RunningNetwork } from '../../networks/network.ts';
import { type FaultCell, faultExperiment, hashRate, minedEngines, networkOf } from './fault-experiment.ts';
import { type Fault, usualPhases } from './fault-run.ts';

/** Of the hash rate of all daemons together. */
const minorityPart = 0.33;
const majorityPart = 1.5;
/** Time for a majority to gain what is to be seen: `history-rewriter` lets ten seconds pass, and eight confirmations. */
const majorityMs = 60_000;

export const byzantine = faultExperiment({
  name: 'byzantine',
  title: 'Attackers',
  expected: [
    'One [attacker](../../testnet/attackers.md) of each kind, linked to every daemon, in a process of its own. It has a third of the hash rate of all daemons together, which is a quarter of the whole;',
    `the two kinds that need more than half have one and a half times theirs, and ${majorityMs / 1_000} s for it. The fault begins when the process of the attacker takes part, and it leaves in the end.`,
    '`attacks` counts what it wrote of its attacks in its log. Some kinds attack only when there is an occasion: `liar` when it is asked, miners when they find a block. A 0 says that there was none in',
    'the run, and then its row tells nothing of this attack.',
    '',
    'A minority is expected to change nothing that matters. An attacker that mines adds blocks, also empty ones; one that withholds, forks or equivocates makes others lose a block now and then; who sends',
    'what is invalid is disconnected after a few messages, before it costs much; who sends much is served from his own allowance. All share the cores of one machine,',
    'so what an attacker computes is missing elsewhere. The majorities do what nothing in proof of work protects from: `censor` leaves out one account',
    '(what that puts is acknowledged in blocks of others, which it undoes, and stays only when it has left), and `history-rewriter` undoes blocks, also those with puts of others. These go back to the mempools and are mined again, so also then nothing is lost.',
  ].join('\n'),
  fault: 'the kind of attacker',
  magnitude: "the attacker's hash rate, as a part of that of all daemons",
  cells: (size, engine) => {
    const kinds = attackerKinds.filter(kind => engine === 'pow-paxos' || !isCertifier(kind));
    return kinds
      .slice(0, size === 'full' ? kinds.length : 1)
      .map(kind => ({ fault: kind, magnitude: isMajority(kind) ? majorityPart : minorityPart }));
  },
  faultOf: byzantineOf,
  phasesOf: ({ fault }) => (isMajority(fault) ? { ...usualPhases, duringMs: majorityMs } : usualPhases),
  runsOn: {
    engines: minedEngines,
    onlyThese: 'attackers of a network of members would be members, and those of the others are trusted to crash only',
  },
  results: { attacks: 'attacks that the attacker tells of in its log' },
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
    heal: network => stopAttacker(network, cell.nodes),
    staysDown: [],
    results: async network => ({ attacks: countAttacks(await readFile(network.member(cell.nodes).logFile, 'utf8')) }),
  };
}

/** Error thrown: UNREACHABLE when it has ended before. */
async function stopAttacker(network: RunningNetwork, index: number): Promise<void> {
  const attacker = network.member(index);
  if (!attacker.isRunning) throw new KvchainError('UNREACHABLE', `${attacker.name} has ended by itself`);
  await attacker.stop();
}

/** In a log of one JSON line for each thing that an attacker tells. */
export function countAttacks(log: string): number {
  return log.split('\n').filter(line => line.endsWith('"msg":"attacks"}')).length;
}
