/** The record of a key as it stood at a height below the head: the store holds the newest alone, and the rest follows from history. */
import { sha256 } from '../chain/hash.ts';
import type { HistoryEntry, KeyRecord } from '../chain/state.ts';
import type { ChainStore } from './chain-store.ts';

/**
 * What the newest version of the key that is not above the height left; null when there was none. Heights rise with versions, so a
 * history of any length is halved until it is found; pruned versions lack, but those that are left still rise.
 */
export async function recordAt(chain: ChainStore, key: string, height: number): Promise<KeyRecord | null> {
  const newest = await versionBelow(chain, key, null);
  if (newest === null || newest.height <= height) return newest && recordOf(chain, newest);
  let found: HistoryEntry | null = null;
  // The newest version below `low` is `found`, the newest below `high` is above the height.
  for (let low = 0, high = newest.version + 1; high - low > 1; ) {
    const middle = Math.floor((low + high) / 2);
    const entry = await versionBelow(chain, key, middle);
    if (entry !== null && entry.height > height) {
      high = entry.version + 1;
    } else {
      found = entry;
      low = middle;
    }
  }
  return found && recordOf(chain, found);
}

/** The newest version of a key below `before` (null: of all). */
async function versionBelow(chain: ChainStore, key: string, before: number | null): Promise<HistoryEntry | null> {
  const [entry] = await chain.history(key, before, 1);
  return entry ?? null;
}

async function recordOf(chain: ChainStore, entry: HistoryEntry): Promise<KeyRecord> {
  const { version, owner, contentType, height, valueVersion } = entry;
  const source = entry.value === null && valueVersion > 0 ? await chain.version(entry.key, valueVersion) : entry;
  const value = valueVersion === 0 ? null : (source?.value ?? null);
  return { version, owner, contentType, height, valueVersion, valueHash: value && sha256(value) };
}
