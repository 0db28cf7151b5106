/** What is no answer of a server of a classroom: those are killed, restarted and cut off on purpose, and nobody is to fail for it. */
import { KvchainError } from '../../chain/errors.ts';

/** Null for a server that was killed, is not there yet, or does not answer in time. Error thrown: whatever else it is given. */
export function passOverSilence(error: unknown): null {
  const isSilence = error instanceof KvchainError && ['UNREACHABLE', 'TIMED_OUT', 'STOPPING'].includes(error.code);
  if (isSilence) return null;
  throw error;
}
