/** What many seeds came to. */
import type { Outcome, Verdict } from './campaign.ts';

export interface Summary {
  readonly engine: string;
  /** Null when each seed chose. */
  readonly nodes: number | null;
  readonly seeds: number;
  readonly pass: number;
  readonly noProgress: number;
  readonly diverged: number;
  readonly failures: readonly {
    readonly seed: number;
    readonly verdict: Verdict;
    readonly check: string;
    readonly traceFile: string | null;
  }[];
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
}

export interface SummaryParts {
  readonly engine: string;
  readonly nodes: number | null;
  readonly outcomes: readonly Outcome[];
  readonly wallMs: number;
}

export function summarize({ engine, nodes, outcomes, wallMs }: SummaryParts): Summary {
  const countOf = (verdict: Verdict) => outcomes.filter(outcome => outcome.verdict === verdict).length;
  const failed = outcomes.filter(({ verdict }) => verdict !== 'Pass').sort((a, b) => Number(a.seed - b.seed));
  const virtualMs = outcomes.reduce((sum, { report }) => sum + (report?.virtualMs ?? 0), 0);
  return {
    engine,
    nodes,
    seeds: outcomes.length,
    pass: countOf('Pass'),
    noProgress: countOf('NoProgress'),
    diverged: countOf('Diverged'),
    failures: failed.map(({ seed, verdict, check, traceFile }) => ({
      seed: Number(seed),
      verdict,
      check: check ?? '',
      traceFile,
    })),
    virtualSeconds: Math.round(virtualMs / 1_000),
    wallSeconds: Math.round(wallMs / 100) / 10,
  };
}
