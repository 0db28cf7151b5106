/** Medians and tails of measured times. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** The nearest-rank percentiles of `values`; 0 for none. */
export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
