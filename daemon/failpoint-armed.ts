/**
 * The failpoints under `node --conditions=failpoints`: the process is killed, as by `kill -9`, when it has come to one place so many
 * times. KVCHAIN_FAILPOINT names it, `after ledger-step 3`; without the variable no place kills. Places may follow each other, and a
 * signal may come first: `SIGUSR2, before gossip-blocks 1, after gossip-frame 2` kills after the second frame that follows the first
 * block that is announced after that signal. Production never loads this file.
 */
import { writeSync } from 'node:fs';
import type { FailpointPlace, FailpointWhen } from './failpoints.ts';

const signal = 'SIGUSR2';
const steps = (process.env.KVCHAIN_FAILPOINT ?? '').split(', ').map(step => step.split(' '));
let step = 0;
let hits = 0;

if (steps[0]?.[0] === signal) process.once(signal, () => next());

/** Kills the process at the armed place; it does not return then. */
export function failpoint(when: FailpointWhen, place: FailpointPlace): void {
  const [whenArmed, placeArmed, hitsArmed] = steps[step] ?? [];
  if (when !== whenArmed || place !== placeArmed) return;
  hits += 1;
  if (hits < Number(hitsArmed ?? '1')) return;
  next();
  if (step < steps.length) return;
  writeSync(2, `killed ${when} ${place}\n`);
  process.kill(process.pid, 'SIGKILL');
}

function next(): void {
  step += 1;
  hits = 0;
}
