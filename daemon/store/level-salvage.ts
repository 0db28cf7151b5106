/** What can still be read of a LevelDB folder whose files are damaged: LevelDB itself puts together what it finds, for a repair to sift. */
import { ClassicLevel } from 'classic-level';
import { KvchainError } from '../../chain/errors.ts';
import { diskFailed } from '../disk-failure.ts';
import { openLevelStore } from './level-store.ts';

/** What is wrong with the files of a database, in words, or null. Errors: DATABASE_LOCKED, DATABASE_VERSION, DISK_FAILED, NOT_FOUND. */
export async function findFileDamage(folder: string): Promise<string | null> {
  try {
    const store = await openLevelStore({ folder, chainIdHex: null });
    await store.close();
    return null;
  } catch (error) {
    if (error instanceof KvchainError && error.code === 'DATABASE_DAMAGED') return error.message;
    throw error;
  }
}

/**
 * Makes the folder openable: a new manifest over all tables and logs that can be read; those that cannot go into its folder `lost`.
 * Rows may be missing, old or damaged after it. Nothing is changed where no file is damaged. Gives what was wrong. Errors: as above.
 */
export async function salvageLevelFolder(folder: string): Promise<string | null> {
  const damage = await findFileDamage(folder);
  if (damage === null) return null;
  try {
    await ClassicLevel.repair(folder);
    return damage;
  } catch (cause) {
    throw diskFailed(cause, `repairing the files of ${folder}`);
  }
}
