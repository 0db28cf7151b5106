import { expect, it } from 'vitest';
import { onDemand } from './on-demand.ts';

it('makes nothing before it is asked, and then once', () => {
  let calls = 0;
  const value = onDemand(() => {
    calls += 1;
    return null;
  });
  expect(calls).toBe(0);
  expect(value()).toBe(null);
  expect(value()).toBe(null);
  expect(calls).toBe(1);
});

it('tries again when it could not be made', () => {
  let calls = 0;
  const value = onDemand(() => {
    calls += 1;
    if (calls === 1) throw new Error('not yet');
    return calls;
  });
  expect(value).toThrow('not yet');
  expect(value()).toBe(2);
});
