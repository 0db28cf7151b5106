/**
 * Bugs that implementations of Paxos are known for (PROTOCOLS 3.8), planted in whole nodes, those of the parts below the engine among them.
 * B-A7, which no seed of whole nodes has shown, is the walks' alone (consensus/paxos/walk-mutants.test.ts).
 */
import type { Mutant } from './mutant.ts';

export const paxosMutants: Readonly<Record<string, Mutant>> = {
  'B-A2': { what: 'counts its own vote without writing it to its disk', faults: ['kill'] },
  'B-A3': { what: 'accepts in a ballot below its promise', faults: ['duel', 'disorder', 'loss'] },
  'B-A5': {
    what: "accepts above a gap, and on another leader's blocks",
    faults: ['partition', 'disorder', 'loss', 'regions'],
  },
  'B-A8': { what: 'tells a vote that is not on its disk', faults: ['kill'] },
  'B-D1 once': { what: 'counts a vote that came twice as two', faults: ['partition', 'disorder'] },
  'B-D1 quorum': { what: 'decides with one vote less than a majority', faults: ['kill'] },
  'B-D3': {
    what: 'takes its own block for the decided one of that height, whatever the hash',
    faults: ['leader-dies', 'duel', 'partition', 'kill', 'disorder'],
  },
  'B-L1': { what: 'uses a ballot again after a restart', faults: ['kill', 'duel'] },
  'B-P1': { what: 'takes a promise back for a lower ballot', faults: ['duel', 'disorder'] },
  'B-P3': { what: 'tells a promise that is not on its disk', faults: ['kill', 'duel'] },
  'B-P4': { what: 'keeps what it accepted out of its promise', faults: ['leader-dies', 'duel', 'partition', 'kill'] },
  'B-P5 ballot': {
    what: 'takes any accepted block, not the one of the highest ballot',
    faults: ['leader-dies', 'duel', 'partition', 'kill', 'loss', 'disorder'],
  },
  'B-P5 entries': {
    what: 'proposes anew what was accepted already',
    faults: ['leader-dies', 'duel', 'partition', 'kill'],
  },
  'B-P5 pointer': {
    what: 'takes entries that do not stand on those below',
    faults: ['voter-dies', 'leader-dies', 'duel', 'partition', 'kill', 'regions', 'loss', 'disorder'],
  },
  'bodies first': { what: 'votes for blocks whose bodies it lacks', faults: ['loss'] },
  'one switch': { what: 'orders a switch while another is under way', faults: ['catch-up'] },
  W1: { what: 'says what it wrote before the disk has it', faults: ['kill'] },
  'W2 condense': { what: 'forgets what it accepted when its log is condensed', faults: ['leader-dies', 'duel'] },
  'W2 restart': {
    what: 'drops what it accepted when it starts again',
    faults: ['voter-dies'],
  },
  'bodies durable': { what: 'votes for bodies that its disk may lose', faults: ['kill'] },
  'relay again': { what: 'sends what waits again only when a block comes', faults: ['partition', 'loss'] },
};
