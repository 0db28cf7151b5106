/** Which bugs are planted with which engine; the simulator must see every one of them. */
import type { EngineName } from '../../chain/genesis.ts';
import { runCampaign } from '../sim/campaign.ts';
import type { Scenario } from '../sim/scenario.ts';
import type { Mutant } from './mutant.ts';
import { paxosMutants } from './paxos-mutants.ts';
import { powMutants } from './pow-mutants.ts';
import { powPaxosMutants } from './pow-paxos-mutants.ts';

/** By rule; none for an engine of which no table was made. */
export function mutantsOf(engine: EngineName): Readonly<Record<string, Mutant>> {
  return tables[engine] ?? {};
}

const tables: Partial<Record<EngineName, Readonly<Record<string, Mutant>>>> = {
  pow: powMutants,
  paxos: paxosMutants,
  'pow-paxos': powPaxosMutants,
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
