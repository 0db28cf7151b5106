import { copyFile, mkdir, open, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSecret } from '../daemon/keystore/keystore.ts';
import type { KvchainClient } from '../daemon/rpc/client.ts';
import { Cluster } from './cluster.ts';
import type { DaemonProcess } from './daemon-process.ts';
import { genesisOf, mining, runToEnd } from './real-network.suite.ts';
import { until } from './until.ts';

const limitMs = 120_000;
const secretKey = newSecret();
const local = ['--p2p-host', '127.0.0.1', '--p2p-port', '0', '--rpc-port', '0'];
let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.create(genesisOf({ name: 'real', zeroBits: 13, rich: secretKey }));
});

afterAll(() => cluster.close(), limitMs);

/** Puts numbered keys, some at a time, until told to stop or the daemon is gone; gives those that were included. */
function load(client: KvchainClient, prefix: string) {
  const acknowledged = new Map<string, string>();
  let isOver = false;
  let count = 0;
  const put = async () => {
    while (!isOver) {
      const key = `${prefix}/${count++}`;
      const done = await client.put(key, `value of ${key}`, { signer: { secretKey } }).catch(() => null);
      if (done === null) return;
      if (done.status === 'included') acknowledged.set(key, `value of ${key}`);
    }
  };
  const ended = Promise.all(Array.from({ length: 8 }, put));
  return {
    acknowledged,
    stop: () => {
      isOver = true;
      return ended;
    },
  };
}

async function expectKept(client: KvchainClient, acknowledged: ReadonlyMap<string, string>): Promise<void> {
  for (const [key, value] of acknowledged) expect((await client.get(key))?.value, key).toBe(value);
}

/** One daemon and its folder, from its first start to the damage of its database: a start costs more than what most tests ask of it. */
describe('a mining daemon', () => {
  let daemon: DaemonProcess;

  beforeAll(async () => {
    daemon = await cluster.start('mining', mining);
  }, limitMs);

  it(
    'mines at the rate that it is given',
    async () => {
      const rateOf = async () => (await daemon.client.call('miner_status', {})).hashRate;
      await until('about 16,000 hashes a second', limitMs, async () => Math.abs((await rateOf()) - 16_000) < 4_000);
      await daemon.client.call('miner_start', { rate: 4_000 });
      await until('about 4,000 hashes a second', limitMs, async () => Math.abs((await rateOf()) - 4_000) < 1_000);
      await daemon.client.call('miner_start', { rate: 16_000 });
    },
    limitMs,
  );

  it(
    'ends the work on an old head within 50 ms, as its metrics show',
    async () => {
      // On a machine with other work a thread may be off its core for longer; nine in ten switches are the daemon's own time.
      await until('ten switches, nine of them within 50 ms', limitMs, async () => {
        const text = await (await fetch(`${daemon.client.url}/metrics`)).text();
        const count = Number(/^kvchain_miner_switch_seconds_count (\d+)$/m.exec(text)?.[1]);
        const quick = Number(/^kvchain_miner_switch_seconds_bucket\{le="0.05"\} (\d+)$/m.exec(text)?.[1]);
        return count >= 10 && quick >= 0.9 * count;
      });
    },
    limitMs,
  );

  it(
    'answers JSON-RPC and REST alike, and tells a watcher of each change',
    async () => {
      const { client } = daemon;
      const watching = new AbortController();
      const seen: string[] = [];
      const watch = (async () => {
        for await (const event of client.watch('door/', { signal: watching.signal })) {
          if (event.type === 'applied') seen.push(...event.changes.map(({ key, version }) => `${key} ${version}`));
        }
      })();
      const done = await client.put('door/a', 'open', { signer: { secretKey } });
      expect(done.status).toBe('included');
      await until('the watcher to hear of it', limitMs, async () => seen.length > 0);
      expect(seen).toEqual(['door/a 1']);
      watching.abort();
      await watch;
      const rest = await fetch(`${client.url}/v1/kv/door%2Fa`);
      expect(rest.status).toBe(200);
      expect(await rest.json()).toMatchObject(await client.call('kv_get', { key: 'door/a' }).then(pickValue));
      const absent = await fetch(`${client.url}/v1/kv/door%2Fnone`);
      expect(absent.status).toBe(404);
      expect(await absent.json()).toMatchObject({ code: 'NO_KEY' });
      const over = await fetch(client.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'chain_status', params: {} }),
      });
      expect(await over.json()).toMatchObject({ jsonrpc: '2.0', id: 7, result: { engine: 'pow' } });
    },
    limitMs,
  );

  it(
    'goes on at SIGHUP',
    async () => {
      daemon.signal('SIGHUP');
      await until('the answer to SIGHUP', limitMs, async () => daemon.log.includes('there is nothing to read again'));
      expect((await daemon.client.call('chain_status', {})).engine).toBe('pow');
    },
    limitMs,
  );

  it(
    'has every acknowledged put after kill -9 and a new start',
    async () => {
      const work = load(daemon.client, 'killed');
      await until('acknowledged puts', limitMs, async () => work.acknowledged.size >= 12);
      const before = await daemon.client.call('chain_status', {});
      await daemon.kill();
      await work.stop();
      daemon = await cluster.start('mining', mining);
      expect((await daemon.client.call('chain_status', {})).height).toBeGreaterThanOrEqual(before.height);
      await expectKept(daemon.client, work.acknowledged);
    },
    limitMs,
  );

  it(
    'D5: says that its folder is in use to a second daemon, which ends',
    async () => {
      const second = await runToEnd(['--data-dir', daemon.dataDir, ...local]);
      expect(second.code).toBe(1);
      expect(second.stderr).toMatch(/^kvchaind: DATABASE_LOCKED: .*chain.*\n {2}\S+/m);
    },
    limitMs,
  );

  it(
    'says that a port is in use to another daemon that wants it',
    async () => {
      const neighbour = join(cluster.folder, 'neighbour');
      await mkdir(neighbour, { mode: 0o700 });
      await copyFile(join(daemon.dataDir, 'genesis.json'), join(neighbour, 'genesis.json'));
      const port = new URL(daemon.client.url).port;
      const rpc = await runToEnd(['--data-dir', neighbour, ...local.slice(0, 4), '--rpc-port', port]);
      expect(rpc.code).toBe(1);
      expect(rpc.stderr).toContain('kvchaind: PORT_IN_USE: ');
      expect(rpc.stderr).toContain(port);
      const [, p2pPort = ''] = /\/tcp\/(\d+)/.exec(await daemon.address()) ?? [];
      const p2p = await runToEnd([
        '--data-dir',
        neighbour,
        '--p2p-host',
        '127.0.0.1',
        '--rpc-port',
        '0',
        '--p2p-port',
        p2pPort,
      ]);
      expect(p2p.code).toBe(1);
      expect(p2p.stderr).toContain('kvchaind: PORT_IN_USE: ');
      expect(p2p.stderr).toContain(p2pPort);
    },
    limitMs,
  );

  it(
    'D8: ends with exit code 0 within 5 s of SIGTERM under load, and has every acknowledged put',
    async () => {
      const work = load(daemon.client, 'stopped');
      await until('acknowledged puts', limitMs, async () => work.acknowledged.size >= 12);
      const begin = performance.now();
      expect(await daemon.stop()).toBe(0);
      expect(performance.now() - begin).toBeLessThan(5_000);
      await work.stop();
      daemon = await cluster.start('mining', mining);
      await expectKept(daemon.client, work.acknowledged);
    },
    limitMs,
  );

  it(
    'D8: ends at once with exit code 1 when a second signal comes',
    async () => {
      // Both wait while the process is halted, so that the second is there before the stop can be over.
      daemon.signal('SIGSTOP');
      daemon.signal('SIGINT');
      daemon.signal('SIGTERM');
      daemon.signal('SIGCONT');
      expect(await daemon.exited).toBe(1);
      daemon = await cluster.start('mining', mining);
      expect((await daemon.client.call('chain_status', {})).height).toBeGreaterThan(0);
      expect(await daemon.stop()).toBe(0);
    },
    limitMs,
  );

  it(
    'says what is in the way of the file with its address',
    async () => {
      const inTheWay = join(daemon.dataDir, 'rpc.json');
      await mkdir(inTheWay);
      const ended = await runToEnd(['--data-dir', daemon.dataDir, ...local]);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/^kvchaind: DISK_FAILED: .*rpc\.json is a folder.*move it away/m);
      await rmdir(inTheWay);
    },
    limitMs,
  );

  it(
    'D4: says what to do when its database is damaged, and does not start',
    async () => {
      // It was opened so often that what it wrote first stands in tables.
      await flipBytes(join(daemon.dataDir, 'chain'));
      const ended = await runToEnd(['--data-dir', daemon.dataDir, ...local]);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/^kvchaind: DATABASE_DAMAGED: .*\n {2}\S+/m);
      expect(ended.stderr).toContain('docs/operate/recovery.md');
    },
    limitMs,
  );
});

/** Changes one byte in every kilobyte of each table of LevelDB. */
async function flipBytes(folder: string): Promise<void> {
  const tables = (await readdir(folder)).filter(name => name.endsWith('.ldb'));
  expect(tables).not.toEqual([]);
  for (const name of tables) {
    const file = join(folder, name);
    const { size } = await stat(file);
    const handle = await open(file, 'r+');
    for (let place = 100; place < size; place += 1_000) {
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, place);
      await handle.write(Buffer.of((buffer[0] ?? 0) ^ 1), 0, 1, place);
    }
    await handle.close();
  }
}

function pickValue({ key, value, version, height }: { key: string; value: string; version: number; height: number }) {
  return { key, value, version, height };
}

describe.concurrent('a daemon with wrong settings, or without its chain', () => {
  it(
    'warns when the chain of a folder that was used before is gone',
    async () => {
      const used = await cluster.start('emptied', []);
      expect(used.log).not.toContain('is gone');
      expect(await used.stop()).toBe(0);
      await rm(join(used.dataDir, 'chain'), { recursive: true });
      const again = await cluster.start('emptied', []);
      expect(again.log).toContain('the chain of this data folder is gone');
      expect(await again.stop()).toBe(0);
    },
    limitMs,
  );

  it.each([
    ['an unknown flag', ['--bootstrp', 'x'], '--bootstrap'],
    ['an unknown word', ['strat'], 'strat'],
    ['a port that is no number', ['--rpc-port', 'many'], '--rpc-port'],
  ])(
    'ends with exit code 2 for %s and names it',
    async (_, flags, named) => {
      const ended = await runToEnd(['--data-dir', join(cluster.folder, 'none'), ...flags]);
      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain('kvchaind: BAD_CONFIG: ');
      expect(ended.stderr).toContain(named);
      expect(ended.stdout).toBe('');
    },
    limitMs,
  );

  it(
    'ends with exit code 2 for an unknown key of its file and names the nearest',
    async () => {
      const folder = join(cluster.folder, 'misspelt');
      await mkdir(folder, { mode: 0o700 });
      await writeFile(join(folder, 'kvchaind.yaml'), 'rpc-prt: 1\n');
      const ended = await runToEnd(['--data-dir', folder]);
      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain('rpc-prt');
      expect(ended.stderr).toContain('rpc-port');
    },
    limitMs,
  );

  it(
    'says how to make a network when its folder has none',
    async () => {
      const ended = await runToEnd(['--data-dir', join(cluster.folder, 'empty'), ...local]);
      expect(ended.stderr).toContain('BAD_GENESIS');
      expect(ended.stderr).toContain('kvchain init');
      expect(ended.code).not.toBe(0);
    },
    limitMs,
  );
});
