/**
 * What a failure does not need is left out, one thing after the other, as long as something still fails: chapters of the story, faults,
 * machines. What is left is easier to read than what was found.
 */
import { chapterCountMax } from './chapters.ts';
import type { Scenario } from './scenario.ts';
import { SimulationFailed, simulate } from './simulate.ts';

export interface Shrunk {
  readonly scenario: Scenario;
  readonly verdict: SimulationFailed['verdict'];
  readonly check: string;
  /** Scenarios that were tried. */
  readonly tried: number;
}

const nodesMin = 3;

/** The smallest failing scenario that leaving out one thing at a time leads to; null when the scenario does not fail. */
export async function shrink(scenario: Scenario, onTry: (tried: Scenario) => void): Promise<Shrunk | null> {
  const first = await failureOf(scenario);
  if (first === null) return null;
  let smallest = first;
  let tried = 1;
  for (;;) {
    let next: SimulationFailed | null = null;
    for (const smaller of smallerThan(smallest.scenario)) {
      onTry(smaller);
      tried += 1;
      next = await failureOf(smaller);
      if (next !== null) break;
    }
    if (next === null) return { scenario: smallest.scenario, verdict: smallest.verdict, check: smallest.check, tried };
    smallest = next;
  }
}

/** Each way to leave out one thing, the largest first. */
function* smallerThan(scenario: Scenario): Generator<Scenario> {
  const { without, faults, nodes } = scenario;
  for (let number = 0; number < chapterCountMax; number++) {
    if (!without.includes(number)) yield { ...scenario, without: [...without, number] };
  }
  for (const fault of faults) yield { ...scenario, faults: faults.filter(other => other !== fault) };
  for (let fewer = nodesMin; fewer < (nodes ?? 10); fewer++) yield { ...scenario, nodes: fewer };
}

async function failureOf(scenario: Scenario): Promise<SimulationFailed | null> {
  try {
    await simulate({ scenario });
    return null;
  } catch (error) {
    if (error instanceof SimulationFailed) return error;
    throw error;
  }
}
