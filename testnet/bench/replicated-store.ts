/** A store that several members hold, as a benchmark sees it: the same client, by HTTP, whatever the store is. */
import type { PlannedRequest } from './http-plan.ts';

/** `local`: what the asked member has; `linearizable`: nothing that was acknowledged before is missing. */
export type GetMode = 'local' | 'linearizable';

export interface ReplicatedStore {
  readonly name: string;
  /** Waits until there is a leader. Error thrown: TIMED_OUT. */
  leaderUrl(): Promise<string>;
  /** So many writes of keys that were never written, each answered when a majority has it. Those that are not used are lost for ever. */
  puts(count: number, valueBytes: number): readonly PlannedRequest[];
  /** Reads of the first keys that were put. */
  gets(count: number, mode: GetMode): readonly PlannedRequest[];
  /** SIGKILL; gives the URLs of those that are left. */
  killLeader(): Promise<readonly string[]>;
  restartKilled(): Promise<void>;
  /** CPU time of all members so far. */
  cpuMicroseconds(): number;
  stop(): Promise<void>;
}
