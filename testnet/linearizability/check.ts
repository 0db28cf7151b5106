/**
 * Linearizability by the search of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with Lowe's memory of what was
 * tried ("Testing for Linearizability", 2017), one key at a time: a history is linearizable exactly when that of each key is (Herlihy
 * and Wing, 1990, theorem 1).
 *
 * The search looks for an order of the operations in which each gets its answer from the register, and in which none comes before one
 * that had returned before it was called. It always continues with an operation that was called before the first return that is left.
 * Where the same operations in another order gave the same register before, it turns back.
 */
import { describe, emptyRegister, execute, isSameAnswer, type Operation, type Register } from './history.ts';
import { Timeline, type TimelineEvent } from './timeline.ts';

export type Verdict =
  | { readonly type: 'linearizable' }
  | { readonly type: 'not linearizable'; readonly key: string; readonly explanation: readonly string[] }
  /** More than `stepsMax` steps; the key's clients ran too much at once. */
  | { readonly type: 'undecided'; readonly key: string };

/** Steps of the search for one key; a second or so. */
const stepsMaxDefault = 1_000_000;

/** Judges a history, key by key; the first key that is not linearizable is told, with where the longest order ends. */
export function checkLinearizability(
  history: readonly Operation[],
  { stepsMax = stepsMaxDefault }: { readonly stepsMax?: number } = {},
): Verdict {
  let undecided: string | null = null;
  for (const [key, operations] of byKey(history)) {
    const outcome = new Search(operations, stepsMax).run();
    if (outcome === 'undecided') undecided ??= key;
    else if (outcome !== null) return { type: 'not linearizable', key, explanation: outcome };
  }
  return undecided === null ? { type: 'linearizable' } : { type: 'undecided', key: undecided };
}

function byKey(history: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> {
  const keys = new Map<string, Operation[]>();
  for (const operation of history) {
    const known = keys.get(operation.key);
    if (known) known.push(operation);
    else keys.set(operation.key, [operation]);
  }
  return keys;
}

/** A step that can be taken back. */
interface Step {
  readonly event: TimelineEvent;
  readonly before: Register;
}

class Search {
  readonly #timeline: Timeline;
  readonly #stepsMax: number;
  readonly #steps: Step[] = [];
  readonly #tried = new Set<string>();
  #register: Register = emptyRegister;
  /** The longest order that was found, for the explanation. */
  #longest: { readonly operations: readonly Operation[]; readonly register: Register } = {
    operations: [],
    register: emptyRegister,
  };

  constructor(operations: readonly Operation[], stepsMax: number) {
    this.#timeline = new Timeline(operations);
    this.#stepsMax = stepsMax;
  }

  /** Null when there is an order, else why there is none. */
  run(): readonly string[] | null | 'undecided' {
    let event = this.#timeline.first;
    for (let steps = 0; this.#timeline.returnsLeft > 0; steps++) {
      if (steps > this.#stepsMax) return 'undecided';
      if (event?.type === 'call') {
        event = this.#take(event) ? this.#timeline.first : event.next;
        continue;
      }
      // A return: whatever could come before it was tried, so an earlier choice was wrong.
      const last = this.#steps.pop();
      if (last === undefined) return this.#explain();
      this.#timeline.putBack(last.event);
      this.#register = last.before;
      event = last.event.next;
    }
    return null;
  }

  /** Puts the operation next in the order, unless its answer was another one or this was tried. */
  #take(event: TimelineEvent): boolean {
    const { call, returned } = event.operation;
    const before = this.#register;
    const { register, answer } = execute(before, call);
    // Without an answer, an operation that changes nothing may as well never have happened.
    if (returned === null ? register === before : !isSameAnswer(answer, returned.answer)) return false;
    this.#timeline.take(event);
    const state = `${register.version} ${JSON.stringify(register.value)} ${this.#timeline.taken}`;
    if (this.#tried.has(state)) {
      this.#timeline.putBack(event);
      return false;
    }
    this.#tried.add(state);
    this.#steps.push({ event, before });
    this.#register = register;
    if (this.#steps.length > this.#longest.operations.length) {
      this.#longest = { operations: this.#steps.map(step => step.event.operation), register };
    }
    return true;
  }

  #explain(): readonly string[] {
    const { operations, register } = this.#longest;
    const placed = new Set(operations);
    return [
      'the longest order that explains the answers:',
      ...operations.map(operation => `  ${describe(operation)}`),
      `the key is then at version ${register.version} with ${register.value === null ? 'no value' : register.value}, and none of these can follow:`,
      ...this.#timeline.callable(placed).map(operation => `  ${describe(operation)}`),
    ];
  }
}
