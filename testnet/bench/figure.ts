/** What a benchmark says: a value beside its reference from the same run, because absolute figures do not outlive the machine. */

/** `quick` measures less of the same, to see that it works; its figures are not to be quoted. */
export type Effort = 'full' | 'quick';

/** What a value, or its ratio to the reference, is held to. */
export type Rule = 'value at least' | 'value at most' | 'ratio at least' | 'ratio at most';

export interface Reference {
  readonly name: string;
  /** In the unit of the figure. */
  readonly value: number;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly reference: Reference;
  /** value / reference. */
  readonly ratio: number;
  readonly goal: number;
  /** What the goal is of, and on which side of it one should be. */
  readonly rule: Rule;
  readonly met: boolean;
}

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly reference: Reference;
  readonly rule: Rule;
  readonly goal: number;
}

/** Rounds what was measured to four digits and holds it against its goal. */
export function figure({ name, value, unit, reference, rule, goal }: Measurement): Figure {
  const ratio = value / reference.value;
  const judged = rule.startsWith('value') ? value : ratio;
  const met = rule.endsWith('at least') ? judged >= goal : judged <= goal;
  return {
    name,
    value: rounded(value),
    unit,
    reference: { name: reference.name, value: rounded(reference.value) },
    ratio: rounded(ratio),
    goal,
    rule,
    met,
  };
}

/** The upper median; NaN for none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
