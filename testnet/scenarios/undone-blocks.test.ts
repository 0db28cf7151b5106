/** What is told of undone blocks, and of a watch that gave up. */
import { expect, it } from 'vitest';
import { KvchainError } from '../../chain/errors.ts';
import { settle } from '../../daemon/manual-clock.suite.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import { UndoneBlocks } from './undone-blocks.ts';

const gone = new KvchainError('UNREACHABLE', 'the daemon does not answer');

/** A daemon that is gone. */
const client: Pick<KvchainClient, 'watch' | 'call'> = {
  // biome-ignore lint/correctness/useYield: it fails before there is anything.
  async *watch() {
    throw gone;
  },
  call: () => Promise.reject(gone),
};

it('keeps why its watch gave up for the next question, and for its stop', async () => {
  const undone = new UndoneBlocks(client);
  await settle('the watch has given up', () => {
    try {
      return undone.hasEnded;
    } catch (error) {
      return error === gone;
    }
  });
  expect(() => undone.depth).toThrow('does not answer');
  await expect(undone.stop()).rejects.toBe(gone);
});
