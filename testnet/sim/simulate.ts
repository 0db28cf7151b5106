/** One simulation from its seed to its report. */
import { branchDepth } from './mined-course.ts';
import type { Packet } from './packet.ts';
import { optionsOf, type Scenario } from './scenario.ts';
import type { DiskSettings } from './simulated-disk.ts';
import { type Told, tellStory } from './story.ts';
import { judge } from './verdict.ts';
import type { Carried } from './wires.ts';
import { NoProgress, World } from './world.ts';

export interface Report {
  readonly seed: string;
  /** Honest ones. */
  readonly nodes: number;
  readonly attackers: number;
  /** Height of the head in the end. */
  readonly blocks: number;
  readonly transactions: number;
  readonly reorgDepthMax: number;
  readonly partitions: number;
  readonly forks: number;
  readonly oneWayCuts: number;
  readonly kills: number;
  readonly killsWhileSyncing: number;
  readonly restarts: number;
  readonly brokenDisks: number;
  /** Machines that fetched a long chain. */
  readonly catchUps: number;
  readonly duels: number;
  readonly leadersKilled: number;
  /** Members struck with an open vote. */
  readonly votersStruck: number;
  readonly blackouts: number;
  readonly leaderlessMsMax: number;
  readonly packets: number;
  readonly packetsLost: number;
  readonly headHash: string;
  readonly stateRoot: string;
  readonly virtualMs: number;
  readonly realMs: number;
  /** SHA-256 of the trace: the same for the same seed. */
  readonly traceHash: string;
}

/** What is broken on purpose, so that the checks can show that they see it. */
export interface Sabotage {
  readonly disk?: DiskSettings['honesty'];
  readonly distortion?: (packet: Packet) => Packet;
}

export interface SimulationOptions {
  readonly scenario: Scenario;
  readonly onLine?: (line: string) => void;
  readonly onPacket?: (carried: Carried) => void;
  readonly sabotage?: Sabotage;
}

/** A check did not hold (`Diverged`), or what must happen did not (`NoProgress`). */
export class SimulationFailed extends Error {
  readonly scenario: Scenario;
  readonly verdict: 'NoProgress' | 'Diverged';
  /** What the check said. */
  readonly check: string;

  constructor(scenario: Scenario, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const replay = `kvchain-testnet simulate ${optionsOf(scenario)} --trace`;
    super(`seed ${scenario.seed}: ${reason}\nreplay: ${replay}`, { cause });
    this.name = 'SimulationFailed';
    this.scenario = scenario;
    this.verdict = cause instanceof NoProgress ? 'NoProgress' : 'Diverged';
    this.check = reason.split('\n', 1)[0] ?? reason;
  }
}

/** Runs a scenario. Throws SimulationFailed, whose message has the command that shows it again. */
export async function simulate(options: SimulationOptions): Promise<Report> {
  const { scenario, onLine = () => {}, onPacket = () => {}, sabotage = {} } = options;
  const startedMs = performance.now();
  const disturbed = { partitions: 0, forks: 0, oneWayCuts: 0, kills: 0, killsWhileSyncing: 0 };
  const ofMembers = { duels: 0, leadersKilled: 0, votersStruck: 0, blackouts: 0, leaderlessMsMax: 0 };
  const told: Told = { ...disturbed, ...ofMembers, restarts: 0, brokenDisks: 0, catchUps: 0 };
  try {
    const { disk: honesty = 'keeps its word' } = sabotage;
    const world = new World({ scenario, onLine, honesty });
    world.wires.onPacket = onPacket;
    if (sabotage.distortion) world.wires.distortion = sabotage.distortion;
    await world.run(() => tellStory(world, told));
    const { nodes, genesis, workload, checks, deeds, time, wires, trace } = world;
    const stores = new Map(nodes.map(node => [node.name, node.disk] as const));
    const { height, headHex, rootHex, transactions } = await judge(
      genesis,
      stores,
      workload.submissions,
      deeds.ownTransactions,
    );
    const { reorgDepthMax } = checks;
    if (told.forks > 0 && reorgDepthMax < branchDepth)
      throw new Error(`the deepest reorg undid ${reorgDepthMax} blocks`);
    trace.add('world', 'end', `${headHex} ${height} ${rootHex}`);
    const { delivered, lost } = wires.traffic;
    return {
      seed: String(scenario.seed),
      attackers: world.attackers.length,
      nodes: nodes.length,
      blocks: height,
      transactions,
      reorgDepthMax,
      ...told,
      packets: delivered,
      packetsLost: lost,
      headHash: headHex,
      stateRoot: rootHex,
      virtualMs: Math.round(time.nowMs),
      realMs: Math.round(performance.now() - startedMs),
      traceHash: trace.digest(),
    };
  } catch (error) {
    throw new SimulationFailed(scenario, error);
  }
}
