/** Ctrl-C, or a supervisor's SIGTERM, in a command that others carry on with: what is said before it ends. */

/** Does `work`; a signal meanwhile is answered by `say`, and then ends the process as if nobody had listened. */
export async function untilInterrupted<T>(work: () => Promise<T>, say: () => void): Promise<T> {
  const end = (signal: NodeJS.Signals): void => {
    process.off('SIGINT', end).off('SIGTERM', end);
    say();
    // By the signal itself, so that the shell and its scripts see what happened.
    process.kill(process.pid, signal);
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    return await work();
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}
