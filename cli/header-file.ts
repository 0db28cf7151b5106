/** The headers that the command line has followed itself, in a file of the data folder, one for each chain. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toHex } from '../chain/bytes.ts';
import { chainIdOf, type Genesis } from '../chain/genesis.ts';
import { diskFailed, isFileThere } from '../daemon/disk-failure.ts';
import { makeFolder } from '../daemon/make-folder.ts';
import { type HeaderStorage, LightClient } from '../daemon/rpc/light-client.ts';
import { CommandError } from './failure.ts';
import type { Session } from './session.ts';

/** A light client of the network of the data folder, with what was followed before. Error: NOT_VERIFIED when there is no genesis. */
export async function openLightClient(
  session: Session,
): Promise<{ readonly light: LightClient; readonly genesis: Genesis }> {
  const genesis = await session.genesis();
  if (genesis === null) {
    const advice = 'Get the genesis file from somebody you trust: `kvchain init --genesis FILE`.';
    throw new CommandError(
      'NOT_VERIFIED',
      `nothing can be verified without a genesis in ${session.folder.path}`,
      advice,
    );
  }
  const file = join(session.folder.client, `${toHex(chainIdOf(genesis))}.headers`);
  return { light: await LightClient.open(genesis, headerFile(file)), genesis };
}

function headerFile(file: string): HeaderStorage {
  return {
    size: () => readOr(file, 0, async handle => (await handle.stat()).size),
    read: (offset, length) =>
      readOr(file, new Uint8Array(0), async handle => {
        const { bytesRead, buffer } = await handle.read(new Uint8Array(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      }),
    write: async (offset, bytes) => {
      try {
        await makeFolder(dirname(file), 0o700);
        // Not appending: a branch that gave way to a heavier one is written over.
        const handle = await open(file, constants.O_RDWR | constants.O_CREAT);
        try {
          await handle.truncate(offset);
          await handle.write(bytes, 0, bytes.length, offset);
        } finally {
          await handle.close();
        }
      } catch (cause) {
        throw diskFailed(cause, `writing ${file}`);
      }
    },
  };
}

/** What `read` makes of the file, or `otherwise` when there is none. */
async function readOr<T>(file: string, otherwise: T, read: (handle: FileHandle) => Promise<T>): Promise<T> {
  if (!isFileThere(file)) return otherwise;
  try {
    const handle = await open(file, 'r');
    try {
      return await read(handle);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw diskFailed(cause, `reading ${file}`);
  }
}
