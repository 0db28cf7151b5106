/** Between results and exceptions. */
import { KvchainError, type Result } from '../../chain/errors.ts';

/** The value of a result, or the refusal thrown. */
export function take<T>(result: Result<T>): T {
  if (!result.ok) throw new KvchainError(result.error.code, result.error.detail);
  return result.value;
}
