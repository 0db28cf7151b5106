/** Time of the processor, which others on the machine do not disturb as they do the clock on the wall. */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** The kernel tells of other processes in hundredths of a second. */
const tickMicroseconds = 10_000;

/** CPU time of all threads of this process so far, in microseconds. */
export function processMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** CPU time of the main thread so far, in microseconds; where the system does not tell (outside Linux), how long its loop was busy. */
export function mainThreadMicroseconds(): number {
  try {
    const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8');
    return Number(text.split(' ')[0]) / 1_000;
  } catch {
    return performance.eventLoopUtilization().active * 1_000;
  }
}

/** CPU time of another process and all its threads so far, in microseconds; only on Linux. */
export function cpuMicrosecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in brackets, and may hold blanks.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMicroseconds;
}
