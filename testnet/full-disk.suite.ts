/** A disk that is full while a daemon writes: what was answered as included is there once there is room again, and until then it says why it ended. */
import { expect } from 'vitest';
import type { KvchainClient } from '../daemon/rpc/client.ts';
import type { DaemonProcess } from './daemon-process.ts';

/** Values that fill a disk soon. */
const valueBytes = 50_000;
/** More than any of the disks has room for. */
const putsMax = 200;

/** Puts until the daemon ends, and expects that it names the cause; gives the keys that were answered as included. */
export async function fillUp(daemon: DaemonProcess, secretKey: Uint8Array): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  const unfinished = Array.from({ length: putsMax }, (_, index) => `full/${index}`);
  const put = async () => {
    for (let key = unfinished.pop(); key !== undefined; key = unfinished.pop()) {
      const value = valueFor(key);
      const done = await daemon.client.put(key, value, { signer: { secretKey } }).catch(() => null);
      if (done === null) return;
      if (done.status === 'included') acknowledged.push(key);
    }
  };
  await Promise.all([put(), put(), put()]);
  expect(await daemon.exited).toBe(1);
  expect(daemon.log).toMatch(
    /^kvchaind: DISK_FAILED: .*\n {2}Free space or mend the disk, then start the node again\.$/m,
  );
  expect(acknowledged).not.toEqual([]);
  return acknowledged;
}

export async function expectKept(client: KvchainClient, keys: readonly string[]): Promise<void> {
  for (const key of keys) expect((await client.get(key))?.value, key).toBe(valueFor(key));
}

function valueFor(key: string): string {
  return key.padEnd(valueBytes, '.');
}
