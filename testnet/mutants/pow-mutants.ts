/** The rules of proof of work, of synchronisation, of the mempool and of the ledger that can be broken, each with what a node without it does. */
import type { Mutant } from './mutant.ts';

export const powMutants: Readonly<Record<string, Mutant>> = {
  'A-V1 work': { what: 'takes headers whose work was not done', faults: ['invalid-blocks'] },
  'A-V1 extension': { what: 'takes headers with an extension', faults: ['invalid-blocks'] },
  'A-V2 height': { what: 'takes headers of any height', faults: ['invalid-blocks'] },
  'A-V3': { what: 'takes headers of any difficulty', faults: ['invalid-blocks'] },
  'A-V4': { what: 'takes headers that are not later than their parents', faults: ['invalid-blocks'] },
  'A-V5': { what: 'takes headers from the future', faults: ['invalid-blocks'] },
  'A-H1': { what: 'lets nobody pay for a bad header', faults: ['invalid-blocks'] },
  ban: { what: 'goes on listening to a peer whose score is used up', faults: ['malformed'] },
  'A-H2 ask': { what: 'does not ask for the parents of orphans', faults: ['partition'] },
  'A-H4': { what: 'does not see that a header is the heaviest', faults: ['partition', 'late'] },
  'A-F1': { what: 'prefers the newest of equal branches', faults: ['regions'] },
  'A-F1 one switch': { what: 'orders a switch while another is under way', faults: ['regions'] },
  'A-F3': { what: 'does not mark an invalid block', faults: ['invalid-blocks'] },
  'relay siblings': {
    what: 'passes any number of blocks of one producer at one height on',
    faults: ['equivocator'],
  },
  relay: { what: 'passes no block on', faults: [] },
  'A-B1 transactions': { what: 'does not compare the transactions with their root', faults: ['invalid-blocks'] },
  'A-B1 receipts': { what: 'does not compare the receipts with their root', faults: ['invalid-blocks'] },
  'A-B1 state': { what: 'does not compare the state with its root', faults: ['invalid-blocks'] },
  'A-B1 signatures': { what: 'does not verify the signatures within a block', faults: ['invalid-blocks'] },
  'producer signature': { what: 'does not verify who made a block', faults: ['invalid-blocks'] },
  'chain id': { what: 'takes transactions of other chains', faults: ['replayer', 'invalid-blocks'] },
  'transaction signature': { what: 'takes transactions that nobody signed', faults: ['invalid-transactions'] },
  'ledger nonce': { what: 'executes a transaction whatever its nonce', faults: ['invalid-blocks'] },
  'ledger expiry': { what: 'executes transactions that have expired', faults: ['invalid-blocks'] },
  'ledger durable': { what: 'goes on before a step is on stable storage', faults: ['kill', 'full-disk'] },
  'ledger put back': { what: 'keeps half a reorg whose new branch is invalid', faults: ['invalid-blocks'] },
  'ledger tree back': { what: 'keeps the state tree of a block that it refuses', faults: ['invalid-blocks'] },
  'mempool undone': { what: 'forgets the transactions of undone blocks', faults: ['partition'] },
  'mempool included': { what: 'keeps transactions that are included', faults: ['partition'] },
  'mempool gap': { what: 'lets a sender have any number behind a gap', faults: ['orphan-flooder'] },
  'sync bodies': { what: 'asks nobody for the bodies of headers', faults: ['partition'] },
  'sync claims': { what: 'does not ask who claims more work for it', faults: ['catch-up'] },
  'sync continues': { what: 'takes headers that do not continue what it named', faults: ['catch-up', 'leaper'] },
  'sync batches': { what: 'takes a full list of headers for the last one', faults: ['catch-up'] },
  'sync headers again': {
    what: 'does not ask again who did not answer for headers',
    faults: ['catch-up', 'loss'],
  },
  'sync failed': {
    what: 'asks at once again for the bodies that a peer did not give when it was asked',
    faults: ['catch-up', 'withholder'],
  },
  'sync lacking': {
    what: 'asks at once again for the bodies that a peer does not have',
    faults: ['catch-up', 'withholder'],
  },
  'sync retry': {
    what: 'never asks again for the bodies that a peer did not give',
    faults: ['catch-up', 'loss'],
  },
  'sync peer gone': { what: 'goes on asking a peer that is gone', faults: ['catch-up'] },
};

/** Rules of real sockets, which simulated wires do not know; duels.test.ts breaks them. */
export const socketMutants: Readonly<Record<string, Pick<Mutant, 'what'>>> = {
  anchors: { what: 'dials after a restart whom chance chooses, and not first whom it had longest' },
};
