import { describe, expect, it } from 'vitest';
import { z } from '../../daemon/zod.ts';
import { optionNameOf, readOptions } from './options.ts';

describe('options', () => {
  it('are named as they were typed', () => {
    expect(optionNameOf('giveUp')).toBe('--give-up');
    expect(optionNameOf('seed')).toBe('--seed');
  });

  it('are refused by that name', () => {
    const schema = z.object({ giveUp: z.number().min(1) });
    expect(readOptions(schema, { giveUp: 3 })).toEqual({ giveUp: 3 });
    expect(() => readOptions(schema, { giveUp: 0 })).toThrow('--give-up: ');
  });
});
