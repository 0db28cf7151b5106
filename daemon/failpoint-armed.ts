/**
 * The failpoints under `node --conditions=failpoints`: the process is killed, as by `kill -9`, when it has come to one place so many
 * times. KVCHAIN_FAILPOINT names it, `after ledger-step 3`; without the variable no place kills. Production never loads this file.
 */
import { writeSync } from 'node:fs';
import type { FailpointWhen, Send, StoreBatch } from './failpoints.ts';

const [whenArmed, nameArmed, hits] = (process.env.KVCHAIN_FAILPOINT ?? '').split(' ');
let hitsLeft = Number(hits ?? '0');

/** Kills the process at the armed place; it does not return then. */
export function failpoint(when: FailpointWhen, name: StoreBatch | Send): void {
  if (when !== whenArmed || name !== nameArmed) return;
  hitsLeft -= 1;
  if (hitsLeft > 0) return;
  writeSync(2, `killed ${when} ${name}\n`);
  process.kill(process.pid, 'SIGKILL');
}
