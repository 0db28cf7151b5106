/** Some daemons lose a part of what they send, or of what they are sent. */
import type { RunningNetwork } from '../../networks/network.ts';
import { type FaultCell, failing, faultExperiment, minorityOf, networkOf } from './fault-experiment.ts';
import type { Fault } from './fault-run.ts';

const percents = [1, 5, 20, 50];

export const omission = faultExperiment({
  name: 'omission',
  title: 'Messages that are lost',
  expected: [
    'As many daemons as are fewer than half omit: of every frame that they send (`sending`), or that others send to them (`receiving`), `magnitude` percent are lost, at random and',
    'for good, as the [control of links](../../decisions/0019-link-control.md) does it. A frame is a batch of transactions, a block, a question or an answer; TCP does not repeat it.',
    '',
    'Nobody waits for a faulty one, so the others go on as before. Gossip says everything to every neighbour, and what was missed is offered again: with four neighbours a frame',
    'in a hundred or twenty is hardly seen. At 50 % a block of an omitting miner is late at some, two branches live for a while, and some of its blocks are orphaned: then puts take longer, since',
    'what is in an orphaned block is mined again. Questions time out or break, which costs a connection that is dialled again. When the links are good again all follow the heaviest',
    'branch at once.',
  ].join('\n'),
  expectedOn: {
    paxos: [
      'With `paxos` nobody mines, and hash rates do not count. The three that omit nothing are a majority. A leader among them does not wait for the others; one that omits is heard too rarely when much is lost, and is then',
      'replaced by an election. What is lost is sent again with the heartbeat, four times in an election time-out, so a put at an omitting member takes so much longer at each loss.',
    ].join('\n'),
  },
  fault: 'what the faulty ones omit: sending or receiving',
  magnitude: 'percent of the frames that are lost',
  cells: size => {
    if (size === 'quick') return [{ fault: 'sending', magnitude: 20 }];
    return ['sending', 'receiving'].flatMap(fault => percents.map(magnitude => ({ fault, magnitude })));
  },
  faultOf: omissionOf,
  conclusion: [
    '- Redundancy pays for omission: the same message comes by several ways, and what all of them lost is asked for. No daemon counts the answers of others.',
    '- What suffers first is the agreement on the newest blocks, not the store: who waits for a few confirmations does not see it.',
    '- A miner whose blocks reach the others late, or not at all, mines for nothing: its operator sees the loss in its orphaned blocks and reorgs before anybody else does.',
  ].join('\n'),
});

function omissionOf(cell: FaultCell): Fault {
  const faulty = failing({ ...cell, magnitude: minorityOf(cell.nodes) });
  const lossRate = cell.magnitude / 100;
  return {
    network: networkOf(cell),
    strike: async network => {
      for (const [from, to] of pairsOf(network, faulty))
        await (cell.fault === 'sending' ? network.drop(from, to, lossRate) : network.drop(to, from, lossRate));
    },
    heal: network => network.heal(),
    staysDown: [],
  };
}

/** Each faulty one with each other member. */
function pairsOf({ members }: RunningNetwork, faulty: readonly number[]): readonly (readonly [number, number])[] {
  return faulty.flatMap(one => members.flatMap(({ index }) => (index === one ? [] : [[one, index] as const])));
}
