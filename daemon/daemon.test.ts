import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatGenesis } from '../chain/genesis-file.ts';
import { startDaemon } from './daemon.ts';
import { writeGenesis } from './data-folder.ts';
import { Metrics } from './metrics.ts';
import { littleGenesis } from './rpc/little-ledger.suite.ts';
import { defaultRate } from './rpc/server-settings.ts';

it('a daemon that is told to stop while it opens stops in order, and is never called ready', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'kvchain-daemon-'));
  await writeGenesis(dataDir, formatGenesis(littleGenesis()));
  const logged: string[] = [];
  const write = (_: object, message: string): void => {
    logged.push(message);
  };
  const stopping = new AbortController();
  const starting = startDaemon(
    {
      dataDir,
      version: '0.0.0',
      rpc: { host: '127.0.0.1', port: 0, tokens: [], allowedHosts: [], tls: null, rate: defaultRate },
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: [],
      isMdnsOn: false,
      linkDelayMs: 0,
      recordFile: null,
      peersMax: 8,
      accountSecret: null,
      pruning: null,
      isSnapshotSyncOn: false,
      mining: { isOn: false, threads: 1, rateMax: null },
    },
    {
      log: { error: write, warn: write, info: write, debug: write },
      metrics: new Metrics(),
      stopping: stopping.signal,
    },
  );
  stopping.abort();
  expect(await (await starting).stopped).toBeNull();
  expect(logged).not.toContain('node is ready');
  await rm(dataDir, { recursive: true });
});
