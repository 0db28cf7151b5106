/** The names in a folder on stable storage. */
import { open } from 'node:fs/promises';

/** Makes a new name in the folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
