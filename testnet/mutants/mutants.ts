/**
 * The rules of proof of work, of synchronisation, of the mempool and of the ledger that can be broken (chain/rules.ts), each with what a
 * node without it does. The simulator must see every one of them.
 */
import { runCampaign } from '../sim/campaign.ts';
import type { Scenario } from '../sim/scenario.ts';

export const mutants: Readonly<Record<string, string>> = {
  'A-V1 work': 'takes headers whose work was not done',
  'A-V1 extension': 'takes headers with an extension',
  'A-V2 height': 'takes headers of any height',
  'A-V3': 'takes headers of any difficulty',
  'A-V4': 'takes headers that are not later than their parents',
  'A-V5': 'takes headers from the future',
  'A-H1': 'lets nobody pay for a bad header',
  'A-H2 ask': 'does not ask for the parents of orphans',
  'A-H4': 'does not see that a header is the heaviest',
  'A-H5': 'leaves orphans where they are when their parent comes',
  'A-F1': 'prefers the newest of equal branches',
  'A-F1 one switch': 'orders a switch while another is under way',
  'A-F3': 'does not mark an invalid block',
  relay: 'passes no block on',
  'A-B1 transactions': 'does not compare the transactions with their root',
  'A-B1 receipts': 'does not compare the receipts with their root',
  'A-B1 state': 'does not compare the state with its root',
  'A-B1 signatures': 'does not verify the signatures within a block',
  'producer signature': 'does not verify who made a block',
  'chain id': 'takes transactions of other chains',
  'transaction signature': 'takes transactions that nobody signed',
  'ledger nonce': 'executes a transaction whatever its nonce',
  'ledger expiry': 'executes transactions that have expired',
  'ledger durable': 'goes on before a step is on stable storage',
  'ledger put back': 'keeps half a reorg whose new branch is invalid',
  'ledger tree back': 'keeps the state tree of a block that it refuses',
  'mempool undone': 'forgets the transactions of undone blocks',
  'mempool included': 'keeps transactions that are included',
  'sync claims': 'does not ask who claims more work a second time',
  'sync continues': 'takes headers that do not continue what it has',
  'sync failed': 'waits for ever for the bodies of a question that failed',
  'sync lacking': 'asks who did not have a body for it again and again',
  'sync peer gone': 'waits for the bodies of a peer that left',
  'sync retry': 'never asks again who did not have a body',
  'sync withheld': 'asks nobody else when the sender of a block withholds its transactions',
};

export interface MutantResult {
  readonly rule: string;
  readonly caught: boolean;
  /** The first seed that sees it. */
  readonly seed: number | null;
  /** What that seed says. */
  readonly check: string | null;
}

/** Breaks one rule in all nodes and simulates until a seed sees it. */
export async function hunt(rule: string, scenarios: Iterable<Scenario>): Promise<MutantResult> {
  let result: MutantResult = { rule, caught: false, seed: null, check: null };
  await runCampaign(scenarios, {
    jobs: 1,
    traceFolder: null,
    brokenRule: rule,
    onOutcome: ({ seed, verdict, check }) => {
      if (verdict === 'Pass') return 'go on';
      result = { rule, caught: true, seed: Number(seed), check: `${verdict}: ${check ?? ''}` };
      return 'stop';
    },
  });
  return result;
}
