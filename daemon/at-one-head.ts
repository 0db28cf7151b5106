/** Rows that must fit together are read at one head: a step of the ledger between two of them would mix two branches. */
import type { LedgerWriter } from './ledger-writer.ts';

/** So often the head may move under a read; then the ledger waits for it. */
const overtakenMax = 3;

/**
 * What `read` gives between two steps of the ledger: it takes no pause, so that none can begin meanwhile, and one that is being written
 * is waited for. For a few rows, because everything else waits too.
 */
export async function betweenSteps<T>(ledger: LedgerWriter, read: () => T): Promise<T> {
  while (ledger.writing !== null) await ledger.writing;
  return read();
}

/**
 * What `read` gives when the ledger stands still meanwhile: it reads again when the head moved under it, and what failed while it moved
 * does not count. It ends however fast the chain grows, because the last try is in the ledger's turn. So `read` must be short, for the
 * ledger may wait for it, and must not wait for a turn itself.
 */
export async function atOneHead<T>(ledger: LedgerWriter, read: () => Promise<T>): Promise<T> {
  for (let overtaken = 0; overtaken < overtakenMax; overtaken++) {
    // The rows of a batch can be read before its writer hears that it is on stable storage.
    await ledger.writing;
    const { head } = ledger;
    const outcome = await Promise.allSettled([read()]);
    if (ledger.head !== head || ledger.writing !== null) continue;
    const [settled] = outcome;
    if (settled.status === 'rejected') throw settled.reason;
    return settled.value;
  }
  return ledger.inTurn(read);
}
