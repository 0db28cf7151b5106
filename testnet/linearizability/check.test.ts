import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLinearizability } from './check.ts';
import { get, labelledHistories, put } from './histories.suite.ts';
import { type Call, emptyRegister, execute, isSameAnswer, type Operation, type Register } from './history.ts';

/** By trying every order: what the search must agree with. */
function isLinearizableByBruteForce(left: readonly Operation[], register: Register = emptyRegister): boolean {
  const firstEnd = Math.min(...left.map(({ returned }) => returned?.ms ?? Number.POSITIVE_INFINITY));
  if (firstEnd === Number.POSITIVE_INFINITY) return true;
  return left.some(operation => {
    if (operation.invokedMs > firstEnd) return false;
    const after = execute(register, operation.call);
    if (operation.returned && !isSameAnswer(after.answer, operation.returned.answer)) return false;
    const rest = left.filter(other => other !== operation);
    return isLinearizableByBruteForce(rest, after.register);
  });
}

const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({
    type: fc.constant('put' as const),
    value: fc.constantFrom('x', 'y'),
    expectedVersion: fc.constantFrom(null, null, 0, 1),
  }),
  fc.record({ type: fc.constant('delete' as const) }),
  fc.record({ type: fc.constant('get' as const) }),
);

interface Planned {
  readonly call: Call;
  readonly invokedMs: number;
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly isAnswered: boolean;
}

/** Operations that are called within `spanMs` and take up to 12 ms. */
function planned(spanMs: number): fc.Arbitrary<Planned> {
  return fc.record({
    call,
    invokedMs: fc.nat(spanMs),
    beforeMs: fc.nat(6),
    afterMs: fc.nat(6),
    isAnswered: fc.nat(4).map(number => number > 0),
  });
}

/** A history of one register: every operation takes effect at one moment between its call and its return. */
function recorded(plans: readonly Planned[]): Operation[] {
  let register = emptyRegister;
  const inOrder = [...plans].sort((a, b) => a.invokedMs + a.beforeMs - (b.invokedMs + b.beforeMs));
  return inOrder.map(({ call, invokedMs, beforeMs, afterMs, isAnswered }, index) => {
    const executed = execute(register, call);
    register = executed.register;
    const ms = invokedMs + beforeMs + afterMs;
    const returned = isAnswered ? { ms, answer: executed.answer } : null;
    return { client: `c${index}`, key: 'k', call, invokedMs, returned };
  });
}

describe('labelled histories', () => {
  it('are at least forty, of both kinds', () => {
    expect(labelledHistories.length).toBeGreaterThanOrEqual(40);
    const bad = labelledHistories.filter(([, isLinearizable]) => !isLinearizable).length;
    expect(bad).toBeGreaterThan(15);
    expect(labelledHistories.length - bad).toBeGreaterThan(15);
  });

  it.each(labelledHistories)('%s: %s', (_name, isLinearizable, history) => {
    expect(checkLinearizability(history).type).toBe(isLinearizable ? 'linearizable' : 'not linearizable');
  });
});

describe('the search', () => {
  it('accepts what one register did, however its clients overlapped', () => {
    fc.assert(
      fc.property(fc.array(planned(100), { maxLength: 30, size: 'max' }), plans => {
        expect(checkLinearizability(recorded(plans))).toEqual({ type: 'linearizable' });
      }),
    );
  });

  it('agrees with trying every order, on answers that were changed too', () => {
    let bad = 0;
    fc.assert(
      fc.property(fc.array(planned(12), { maxLength: 6 }), fc.array(fc.nat(5), { maxLength: 2 }), (plans, changes) => {
        const history = recorded(plans);
        for (const place of changes) {
          const operation = history[place];
          const answer = { type: 'found', value: 'y' } as const;
          if (operation?.returned && operation.call.type === 'get') {
            history[place] = { ...operation, returned: { ...operation.returned, answer } };
          }
        }
        const isLinearizable = isLinearizableByBruteForce(history);
        if (!isLinearizable) bad += 1;
        expect(checkLinearizability(history).type).toBe(isLinearizable ? 'linearizable' : 'not linearizable');
      }),
      { numRuns: 2_000 },
    );
    // A comparison of accepted histories alone would prove little.
    expect(bad).toBeGreaterThan(50);
  });

  it('finds one wrong answer in a long history', () => {
    const history = Array.from({ length: 2_000 }, (_, index) =>
      index % 2 === 0
        ? put('a', `v${index}`, 2 * index, 2 * index + 3)
        : get('b', `v${index - 1}`, 2 * index, 2 * index + 3),
    );
    expect(checkLinearizability(history)).toEqual({ type: 'linearizable' });
    const stale = history.with(1_001, get('b', 'v10', 2_002, 2_005));
    const verdict = checkLinearizability(stale);
    expect(verdict).toMatchObject({ type: 'not linearizable', key: 'k' });
    expect(verdict.type === 'not linearizable' && verdict.explanation.at(-1)).toContain('get k -> v10');
  });

  it('gives up on too many at once, and says so', () => {
    const history = [
      ...Array.from({ length: 12 }, (_, index) => put(`c${index}`, `v${index}`, 0, 100)),
      get('d', 'nowhere', 0, 101),
    ];
    expect(checkLinearizability(history, { stepsMax: 1_000 })).toEqual({ type: 'undecided', key: 'k' });
  });
});
