/** What a write must be before it is signed: nothing is sent that the network would refuse, or that could never be waited for. */
import { isWellFormed } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import type { Operation } from '../../chain/operation.ts';
import { waitUntil } from './schemas.ts';

/**
 * Errors thrown: USAGE for a target that there is not, FINALITY_UNAVAILABLE for `final` on a network whose engine makes nothing final.
 * The node is asked, by `canFinalize`, only for `final`.
 */
export async function checkWait(wait: string, canFinalize: () => Promise<boolean>): Promise<void> {
  if (!waitUntil.safeParse(wait).success) {
    throw new KvchainError('USAGE', `wait ${JSON.stringify(wait)}, expected none, included, confirmed:<n> or final`);
  }
  if (wait !== 'final' || (await canFinalize())) return;
  throw new KvchainError('FINALITY_UNAVAILABLE', 'the engine makes nothing final; wait for confirmed:<n>');
}

/**
 * A string may hold half a surrogate pair, which UTF-8 cannot say: it would be stored as another text. Errors thrown: BAD_KEY,
 * BAD_VALUE.
 */
export function checkTexts(operations: readonly Operation[]): void {
  for (const operation of operations) {
    if ('key' in operation && !isWellFormed(operation.key)) {
      throw new KvchainError('BAD_KEY', `the key ${JSON.stringify(operation.key)} holds half a character`);
    }
    if (operation.type === 'put' && !isWellFormed(operation.contentType)) {
      throw new KvchainError('BAD_VALUE', 'the content type holds half a character');
    }
  }
}

/** Error thrown: BAD_VALUE. */
export function checkValueText(value: string): void {
  if (!isWellFormed(value)) throw new KvchainError('BAD_VALUE', 'the value holds half a character');
}
