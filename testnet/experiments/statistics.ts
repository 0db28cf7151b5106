/** Intervals of 95 % for what was measured: of a share of runs, and of a mean. */

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

/** The interval of the mean of independent values: of at least 30, or the normal distribution is no longer near enough. */
export function meanInterval(values: readonly number[]): Interval {
  const middle = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
  const half = quantile * Math.sqrt(variance / values.length);
  return { low: middle - half, high: middle + half };
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
