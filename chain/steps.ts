/** Work in steps, where a caller can let others work between two of them; who need not does it in one go. */

/** Runs the steps to their end. */
export function resultOf<T>(steps: Generator<undefined, T, undefined>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
