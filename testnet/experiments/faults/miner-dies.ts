/** Miners die at the places where a miner can: each at its own next visit of the place, by itself, as a failpoint does it. */
import type { RunningNetwork } from '../../networks/network.ts';
import { until } from '../../until.ts';
import {
  type FaultCell,
  failing,
  faultExperiment,
  hashRate,
  minedEngines,
  networkOf,
  nodes,
} from './fault-experiment.ts';
import type { Fault } from './fault-run.ts';

/** Miners find a block every few seconds, each. */
const deathMs = 60_000;

/** From the signal on, which is when the fault is ordered. */
const places: Readonly<Record<string, (peers: number) => string>> = {
  'in-block-assembly': () => 'after block-assembly 1',
  'after-finding': () => 'after own-block 1',
  // A block that is announced is written to one peer after the other.
  'half-the-peers-served': peers => `before gossip-blocks 1, after gossip-frame ${Math.floor(peers / 2)}`,
};

export const minerDies = faultExperiment({
  name: 'miner-dies',
  title: 'Miners that die at work',
  expected: [
    'One miner, half of them (2 of 5), and all but one die by SIGKILL at a place of the program, each when it comes there next; they are started again later.',
    '',
    '- `in-block-assembly`: a template is executed and not yet searched. Nothing of it was told to anybody, and its transactions are in all mempools.',
    '- `after-finding`: a block is found and on its disk, and nobody has heard of it. The others find another one of this height. Started again, the miner stands on its own block and is',
    '  undone by the heavier branch of the others; or, when it comes back before they have found one, its block becomes the chain.',
    '- `half-the-peers-served`: the block went to half of the peers. They pass it on to the others before they execute it, so it counts as any other.',
    '',
    'In none of them is anything acknowledged: a put is acknowledged when its block is written and applied, which is after it was announced. So the time that it takes the others to put is expected',
    'to be that of a [crash](../crash-recovery/README.md) of so many miners at any other place. Miners that have to find a block to die do so one after the other, within some seconds, and the fault is measured from the last death on.',
  ].join('\n'),
  fault: 'where the miners die',
  magnitude: 'miners that die',
  cells: size => {
    const some = size === 'full' ? Object.keys(places) : ['half-the-peers-served'];
    const magnitudes = size === 'full' ? [1, Math.floor(nodes / 2), nodes - 1] : [1];
    return some.flatMap(fault => magnitudes.map(magnitude => ({ fault, magnitude })));
  },
  faultOf: minerDiesOf,
  runsOn: { engines: minedEngines, onlyThese: 'nobody mines on the others' },
  conclusion: [
    '- There is no bad moment to die. A block that nobody heard of is as if it was never found, one that some heard of is as if all had, and the order of writing, announcing and',
    '  acknowledging makes sure that nothing between was promised.',
    '- What a dead miner costs is its hash rate, for as long as it is away, and its block, at most.',
  ].join('\n'),
});

function minerDiesOf(cell: FaultCell): Fault {
  const failed = failing(cell);
  const place = places[cell.fault]?.(cell.nodes - 1);
  const failpoint = place === undefined ? {} : { failpoint: `SIGUSR2, ${place}` };
  const miners = Array.from({ length: cell.nodes }, (_, index) => ({
    hashRate,
    ...(failed.includes(index) ? failpoint : {}),
  }));
  return {
    network: networkOf(cell, { nodes: miners }),
    strike: network => Promise.all(failed.map(index => dieAtFailpoint(network, index))),
    heal: network => Promise.all(failed.map(index => network.restart(index))),
    staysDown: [],
  };
}

async function dieAtFailpoint(network: RunningNetwork, index: number): Promise<void> {
  const member = network.member(index);
  member.arm();
  await until(`${member.name} to die at its failpoint`, deathMs, async () => !member.isRunning);
}
