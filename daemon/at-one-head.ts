/** Rows that must fit together are read at one head: a step of the ledger between two of them would mix two branches. */
import type { LedgerWriter } from './ledger-writer.ts';

/**
 * What `read` gives when the ledger stands still meanwhile: it reads again for as long as the head moved under it, and what failed while
 * it moved does not count. It ends because a step takes far longer than a read.
 */
export async function atOneHead<T>(ledger: LedgerWriter, read: () => Promise<T>): Promise<T> {
  for (;;) {
    // The rows of a batch can be read before its writer hears that it is on stable storage.
    await ledger.writing;
    const { head } = ledger;
    const outcome = await Promise.allSettled([read()]);
    if (ledger.head !== head || ledger.writing !== null) continue;
    const [settled] = outcome;
    if (settled.status === 'rejected') throw settled.reason;
    return settled.value;
  }
}
