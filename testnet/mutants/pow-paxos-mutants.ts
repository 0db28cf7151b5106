/** The rules of finality that can be broken (docs/consensus/finality.md), each with what a node without it does. */
import type { Mutant } from './mutant.ts';

export const powPaxosMutants: Readonly<Record<string, Mutant>> = {
  'F-1': { what: 'proposes blocks that do not lie deep enough', faults: ['partition', 'regions'] },
  'F-2': { what: 'accepts checkpoints whose blocks it has not seen', faults: ['partition', 'regions', 'kill'] },
  'F-3': { what: 'follows the branch with the most work, whatever is final', faults: ['partition', 'kill'] },
  'F-4': { what: 'takes a certificate without a majority', faults: ['false-certifier'] },
  'F-5': { what: 'keeps headers on branches that miss the final block', faults: ['partition', 'late'] },
  'B-P4': { what: 'keeps what it accepted out of its promise', faults: ['leader-dies', 'duel', 'partition', 'kill'] },
  'W2 condense': {
    what: 'forgets what it accepted when its log is condensed',
    faults: ['leader-dies', 'duel', 'kill'],
  },
  'W2 restart': {
    what: 'takes what it accepted for untold when it starts again, and drops it',
    faults: ['voter-dies'],
  },
  'W2 anew': {
    what: 'drops what it accepted when its committee begins anew at a certificate',
    faults: ['voter-dies'],
  },
  'F-I5': { what: 'lets the fork choice use what its disk does not have as final', faults: ['kill'] },
};
