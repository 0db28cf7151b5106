/**
 * The assignment's "Test scenarios" and "Failure scenarios" on real daemons of a classroom, one row a clause: operations that follow each
 * other and that are concurrent, several leaders at once, servers that fail and come back, a leader that dies between the votes and the
 * decision, links that fail, partitions, and a nonce that takes too long. What clients were told is judged as the history of registers.
 */
import { checkLinearizability } from '../linearizability/check.ts';
import { type NetworkPlan, planOf } from '../networks/network-file.ts';
import { inLaboratory } from './laboratory.ts';
import { RecordedClient } from './paxos-clients.ts';
import { duplicatesIn, equalNow, type ScenarioRow, servers, standingsAtOneHead } from './paxos-judge.ts';
import { beforeDecision, delayMs, lead, type Scenario, type Stage, scenarios, slowNonce } from './paxos-stories.ts';

/** A predicate that takes 120,000 trials, a second or so of a core. */
const slowDigits = 7;

/** Plays those that are chosen by their names, each row told as soon as it stands. */
export async function paxosScenarios(
  tell: (row: ScenarioRow) => void,
  isChosen: (name: string) => boolean,
): Promise<readonly ScenarioRow[]> {
  const nodes = Array.from({ length: servers }, (_, index) => (index === 0 ? { failpoint: beforeDecision } : {}));
  const classroom = { engine: 'paxos', classroom: true, delayMs };
  const quick = planOf({ ...classroom, name: 'classroom', nodes });
  const slow = planOf({ ...classroom, name: 'slow-nonce', nonceDigits: slowDigits });
  const chosen = (all: readonly Scenario[]) => all.filter(({ name }) => isChosen(name));
  return [...(await playAll(quick, chosen(scenarios), tell)), ...(await playAll(slow, chosen([slowNonce]), tell))];
}

async function playAll(
  plan: NetworkPlan,
  all: readonly Scenario[],
  tell: (row: ScenarioRow) => void,
): Promise<readonly ScenarioRow[]> {
  if (all.length === 0) return [];
  return inLaboratory(plan, async (network, signal) => {
    const times = { delayMs, timeoutMs: plan.intervalMs };
    const client = (name: string) => new RecordedClient(name, network, times, signal);
    const rows: ScenarioRow[] = [];
    await lead(network, 0);
    for (const scenario of all) {
      const stage: Stage = { network, clients: [client('C1'), client('C2'), client('C3')], name: scenario.name };
      const row = await playOne(scenario, stage);
      rows.push(row);
      tell(row);
    }
    return rows;
  });
}

async function playOne(scenario: Scenario, stage: Stage): Promise<ScenarioRow> {
  const { network, clients } = stage;
  await scenario.play(stage);
  const blocksEqualOn = await equalNow(network);
  await scenario.mend?.(stage);
  // Nothing more is proposed: who was away hears what it missed from those that it meets again.
  const standings = await standingsAtOneHead(network);
  const [first] = standings;
  const history = clients.flatMap(client => client.history);
  return {
    scenario: stage.name,
    blocksEqualOn,
    afterHealEqualOn: standings.length,
    kvEqual: new Set(standings.map(({ store }) => store)).size === 1,
    duplicates: first === undefined ? 0 : duplicatesIn(first),
    linearizable: checkLinearizability(history).type === 'linearizable',
  };
}
