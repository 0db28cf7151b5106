/** Intervals of 95 % for what was measured: of a share of runs, and of a ratio of sums. */

/** Where the true value lies, with 95 % confidence. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The standard normal's 97.5 % quantile. */
const quantile = 1.959963984540054;

/** Wilson's interval (1927) for `successes` of `runs`, which, other than the usual one, is right near 0 and 1 too. */
export function wilson(successes: number, runs: number): Interval {
  const rate = successes / runs;
  const square = quantile ** 2 / runs;
  const middle = (rate + square / 2) / (1 + square);
  const half = (quantile * Math.sqrt((rate * (1 - rate)) / runs + square / (4 * runs))) / (1 + square);
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** Standard errors between the share that was found and the one that was expected. */
export function standardErrors(rate: number, expected: number, runs: number): number {
  return (rate - expected) / Math.sqrt((expected * (1 - expected)) / runs);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Whether so many runs of this chance are nearly normal, so that standard errors say something: at least five each of both outcomes are expected. */
export function isNearlyNormal(expected: number, runs: number): boolean {
  return Math.min(expected, 1 - expected) * runs >= 5;
}

/** Two sums of one run, such as blocks of the pool and blocks of the chain. */
export interface Pair {
  readonly part: number;
  readonly whole: number;
}

/**
 * The sum of the parts over the sum of the wholes, with its interval from the spread of the runs (linearised ratio estimator). At least
 * 30 independent runs, or the normal distribution is no longer near enough.
 */
export function ratioOf(pairs: readonly Pair[]): Interval & { readonly ratio: number } {
  const wholes = mean(pairs.map(({ whole }) => whole));
  const ratio = mean(pairs.map(({ part }) => part)) / wholes;
  const squares = pairs.reduce((sum, { part, whole }) => sum + (part - ratio * whole) ** 2, 0);
  const half = (quantile * Math.sqrt(squares / (pairs.length * (pairs.length - 1)))) / wholes;
  return { ratio, low: ratio - half, high: ratio + half };
}

/** Where the line of least squares through the points crosses zero. */
export function zeroOfLine(points: readonly (readonly [x: number, y: number])[]): number {
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const slope =
    points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) /
    points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return meanX - meanY / slope;
}
