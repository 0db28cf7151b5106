/** What http-load.ts is told and tells, and how it is run. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface PlannedRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LoadPlan {
  readonly url: string;
  readonly connections: number;
  readonly durationMs: number;
  readonly requests: readonly PlannedRequest[];
  /** Begin again when the requests are used up; else the load ends with them. */
  readonly repeats: boolean;
  /** A status from 300 on that is no refusal here. */
  readonly expectedStatus?: number;
  /** Text by which an answer of status 200 tells that it refused. */
  readonly refusal?: string;
}

export interface LoadReport {
  readonly answers: number;
  /** Unix milliseconds of the first request. */
  readonly beganAt: number;
  readonly perSecond: number;
  /** Latencies in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Of one answer's body, on average. */
  readonly answerBytes: number;
  /** Of one core, used by the load itself. */
  readonly cpuShare: number;
  readonly firstRefusal: string | null;
}

const program = fileURLToPath(new URL('./http-load.js', import.meta.url));

/** Runs a load to its end. Throws when the server refused anything. */
export async function runLoad(plan: LoadPlan): Promise<LoadReport> {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(plan));
  const output = await text(child.stdout);
  if (output === '') throw new Error(`the load on ${plan.url} broke`);
  const report: LoadReport = JSON.parse(output);
  if (report.firstRefusal !== null) throw new Error(`${plan.url} refused: ${report.firstRefusal}`);
  return report;
}
