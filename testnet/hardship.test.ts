import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chainIdOf, type Genesis } from '../chain/genesis.ts';
import { signTransaction, type Transaction } from '../chain/transaction.ts';
import { newSecret } from '../daemon/keystore/keystore.ts';
import { Cluster } from './cluster.ts';
import type { DaemonProcess } from './daemon-process.ts';
import { expectKept, fillUp } from './full-disk.suite.ts';
import { genesisOf, mining, runToEnd } from './real-network.suite.ts';

const limitMs = 60_000;
const secretKey = newSecret();
const local = ['--p2p-host', '127.0.0.1', '--p2p-port', '0', '--rpc-port', '0'];
let genesis: Genesis;
let cluster: Cluster;

beforeAll(async () => {
  genesis = genesisOf({ name: 'hard', zeroBits: 13, rich: secretKey });
  cluster = await Cluster.create(genesis);
});

afterAll(() => cluster.close(), limitMs);

describe('a daemon whose disk is full', () => {
  it(
    'D3: ends in words that say so, and has all that it acknowledged when there is room again',
    async () => {
      const acknowledged = await fillUp(await cluster.start('full', mining, { fileBlocksMax: 1_024 }), secretKey);
      const daemon = await cluster.start('full', []);
      await expectKept(daemon.client, acknowledged);
      expect(await daemon.stop()).toBe(0);
    },
    limitMs,
  );
});

describe('a daemon that is told to stop while it starts', () => {
  // In the folder of the test before: so a chain is there to be loaded.
  it.each(['what the node stands on is open', 'the chain is loaded', 'peers are let in', 'node is ready'])(
    'D8: ends with exit code 0 within its 5 s after SIGTERM when "%s"',
    async words => {
      const dataDir = cluster.folderOf('full');
      const { code, stderr } = await runToEnd(['--data-dir', dataDir, '--log-level', 'debug', ...local], words);
      expect(stderr).toContain('node has stopped');
      expect(code).toBe(0);
      expect(existsSync(join(dataDir, 'rpc.json'))).toBe(false);
    },
    limitMs,
  );
});

describe('a daemon with little memory under hostile load', () => {
  let daemon: DaemonProcess;

  beforeAll(async () => {
    const planted = 'process.on("SIGUSR2", () => void Promise.reject(new Error("planted")))';
    const nodeFlags = ['--max-old-space-size=96', '--import', `data:text/javascript,${encodeURIComponent(planted)}`];
    daemon = await cluster.start('small', [], { nodeFlags });
  }, limitMs);

  it(
    "D7: takes transactions up to its sender's limit, then refuses with a code, and lives",
    async () => {
      const codes = new Set<string>();
      for (let nonce = 0; codes.size === 0 && nonce < 200; nonce += 2) {
        const answers = await daemon.client.submitMany([large(nonce), large(nonce + 1)]);
        for (const { code } of answers) if (code !== undefined) codes.add(code);
      }
      expect([...codes]).toEqual(['SENDER_LIMIT']);
      expect((await daemon.client.call('mempool_info', {})).bytes).toBeGreaterThan(16_000_000);
      expect((await daemon.client.call('chain_status', {})).height).toBe(0);
    },
    limitMs,
  );

  it(
    'D9: has nothing that nobody handles, and tells how late its event loop is',
    async () => {
      const [, p2pPort = ''] = /\/tcp\/(\d+)/.exec(await daemon.address()) ?? [];
      const rpcPort = new URL(daemon.client.url).port;
      for (const port of [p2pPort, rpcPort]) {
        await Promise.all(nonsense.flatMap(text => [speak(port, text, 'end'), speak(port, text, 'reset')]));
      }
      await Promise.all(Array.from({ length: 8 }, () => leaveEarly(daemon)));
      const metrics = await (await fetch(`${daemon.client.url}/metrics`)).text();
      expect(metrics).toMatch(/^kvchain_node_event_loop_delay_seconds\{quantile="0.99"\} \d/m);
      expect(daemon.log).not.toContain('a fault of its own');
      expect(daemon.log).not.toContain('"level":"error"');
    },
    limitMs,
  );

  it(
    'D9: says what nobody handled, and ends',
    async () => {
      daemon.signal('SIGUSR2');
      expect(await daemon.exited).toBe(1);
      expect(daemon.log).toMatch(/^kvchaind: a fault of its own: Error: planted$/m);
    },
    limitMs,
  );
});

/** A signed transaction of about 200 kB. */
function large(nonce: number): Transaction {
  const operations = [0, 1, 2].map(index => ({
    type: 'put' as const,
    key: `large/${nonce}/${index}`,
    value: new Uint8Array(65_000),
    contentType: '',
    expectedVersion: null,
  }));
  const chainId = chainIdOf(genesis);
  return signTransaction({ chainId, nonce, fee: 0n, expiresAt: null, memo: new Uint8Array(0), operations }, secretKey);
}

const nonsense: readonly string[] = [
  '',
  '\0'.repeat(4_096),
  '\x13/multistream/1.0.0\n',
  '\x13/multistream/1.0.0\n\x07/noise\n\xff\xff',
  '\xff'.repeat(70_000),
  'GET / HTTP/9.9\r\n\r\n',
  'POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{"jsonrpc"',
  'POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n',
];

/** Says this to a port, and ends or breaks the connection. */
async function speak(port: string, text: string, ending: 'end' | 'reset'): Promise<void> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.resume();
  socket.write(Buffer.from(text, 'latin1'));
  if (ending === 'reset') {
    socket.resetAndDestroy();
    return;
  }
  socket.end();
  // One that waits for the rest of a message is left waiting, as a slow one would.
  socket.unref();
}

/** Asks for something long, and is gone before it is answered. */
async function leaveEarly({ client }: DaemonProcess): Promise<void> {
  const leaving = new AbortController();
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'kv_list', params: { prefix: '' } });
  const headers = { 'content-type': 'application/json' };
  const answer = fetch(client.url, { method: 'POST', headers, body, signal: leaving.signal });
  setImmediate(() => leaving.abort());
  await answer.catch(() => {});
}
