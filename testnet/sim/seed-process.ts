/** A process that simulates what it is told to, one scenario after the other, and answers each with its outcome. */
import '../../daemon/polyfill.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Order, Outcome } from './campaign.ts';
import { SimulationFailed, simulate } from './simulate.ts';

/** Between two signs of life, in real time: a process that gives none goes round in a circle. */
const beatMs = 5_000;

setInterval(() => tell('alive'), beatMs).unref();
process.on('disconnect', () => process.exit());
process.on('message', (order: Order) => {
  run(order).then(tell, (error: unknown) => {
    throw error;
  });
});

/** Whoever listened may have gone a moment ago: then `disconnect` ends this process, and a word too late is no fault. */
function tell(word: Outcome | 'alive'): void {
  process.send?.(word, undefined, undefined, () => {});
}

async function run({ scenario, traceFolder }: Order): Promise<Outcome> {
  const lines: string[] = [];
  const { seed } = scenario;
  try {
    const report = await simulate({ scenario, onLine: line => lines.push(line) });
    return { seed, verdict: 'Pass', check: null, traceFile: null, report };
  } catch (error) {
    if (!(error instanceof SimulationFailed)) throw error;
    const { verdict, check, message } = error;
    const traceFile = traceFolder === null ? null : join(traceFolder, `seed-${seed}.trace.txt`);
    if (traceFolder !== null && traceFile !== null) {
      mkdirSync(traceFolder, { recursive: true });
      writeFileSync(traceFile, `${lines.join('\n')}\n\n${message}\n`);
    }
    return { seed, verdict, check, traceFile, report: null };
  }
}
