/** The options that a person typed, checked; what is wrong with one is told under the name that was typed. */

import { KvchainError } from '../../chain/errors.ts';
import type { z } from '../../daemon/zod.ts';

/** `giveUp` is typed as `--give-up`. */
export function optionNameOf(field: string): string {
  return `--${field.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
}

/** Error thrown: USAGE with the option and what was expected. */
export function readOptions<T>(schema: z.ZodType<T>, options: unknown): T {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new KvchainError('USAGE', `${optionNameOf(String(issue?.path[0]))}: ${issue?.message}`);
}
