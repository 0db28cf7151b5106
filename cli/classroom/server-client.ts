/** A client of a classroom's server, found anew for each call: a server that was killed and restarted may answer elsewhere. */
import { KvchainError } from '../../chain/errors.ts';
import type { ClassroomServer } from '../../daemon/classroom/classroom-file.ts';
import { KvchainClient } from '../../daemon/rpc/client.ts';
import { dataFolderAt, readCookie, readRpcFile } from '../data-folder.ts';

/** Error thrown: UNREACHABLE for one that was never started, or has ended in order. */
export function clientOf({ name, dataDir }: ClassroomServer): KvchainClient {
  const folder = dataFolderAt(dataDir);
  const running = readRpcFile(folder);
  const token = readCookie(folder);
  if (running !== null && token !== null) return new KvchainClient({ url: running.url, token });
  throw new KvchainError('UNREACHABLE', `${name} does not run`, {
    action: `\`kvchain-testnet restart ${name}\` starts it.`,
  });
}
