/**
 * Loads an HTTP server as hard as a number of connections can, in a process of its own. It reads a plan as JSON on its standard input
 * and prints what it found. Requests are written whole onto sockets and answers are only counted, so that the load costs far less than
 * the work that it asks for; what it did cost is told too.
 */
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { percentilesOf } from '../demo/percentiles.ts';
import { AnswerReader } from './answer-reader.ts';
import type { LoadPlan, LoadReport } from './http-plan.ts';

const plan: LoadPlan = JSON.parse(await text(process.stdin));
const { hostname, port, host } = new URL(plan.url);
const requests = plan.requests.map(({ method, path, body, headers = {} }) => {
  const payload = Buffer.from(body ?? '');
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}`, 'content-type: application/json'];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\ncontent-length: ${payload.length}\r\n\r\n`), payload]);
});
const latencies: number[] = [];
let next = 0;
let answerBytes = 0;
let firstRefusal: string | null = null;

const cpu = process.cpuUsage();
const begin = performance.now();
const end = begin + plan.durationMs;
await Promise.all(Array.from({ length: plan.connections }, runConnection));
const seconds = (performance.now() - begin) / 1_000;
const { user, system } = process.cpuUsage(cpu);
const report: LoadReport = {
  answers: latencies.length,
  beganAt: performance.timeOrigin + begin,
  perSecond: latencies.length / seconds,
  ...percentilesOf(latencies),
  answerBytes: answerBytes / Math.max(1, latencies.length),
  cpuShare: (user + system) / 1e6 / seconds,
  firstRefusal,
};
process.stdout.write(JSON.stringify(report));

/** The next request, from the beginning again when the plan repeats; null when there is none, or the time is over. */
function nextRequest(): Buffer | null {
  if (performance.now() > end) return null;
  if (next >= requests.length && !plan.repeats) return null;
  return requests[next++ % requests.length] ?? null;
}

async function runConnection(): Promise<void> {
  const socket = connect({ port: Number(port), host: hostname, noDelay: true });
  const answers = new AnswerReader(socket);
  for (let request = nextRequest(); request !== null; request = nextRequest()) {
    const sent = performance.now();
    socket.write(request);
    const { status, body } = await answers.next();
    latencies.push(performance.now() - sent);
    answerBytes += body.length;
    const isUnexpected = status >= 300 && status !== plan.expectedStatus;
    const isRefused = isUnexpected || (plan.refusal !== undefined && body.includes(plan.refusal));
    if (isRefused) firstRefusal ??= `${status} ${body.toString('utf8', 0, 500)}`;
  }
  socket.destroy();
}
