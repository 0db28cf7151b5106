import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { genesisOf, mining } from './real-network.suite.ts';

const limitMs = 90_000;
const script = fileURLToPath(new URL('../../docs/examples/client.py', import.meta.url));
let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.create(genesisOf({ name: 'python', zeroBits: 13 }));
});

afterAll(() => cluster.close(), limitMs);

it(
  'a client in another language, written from the protocol pages, puts a value and proves it',
  async () => {
    const { client } = await cluster.start('daemon', mining);
    const child = spawn('python3', [script, '--rpc', client.url, 'grüße/1', 'from Python'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    const [code] = await once(child, 'close');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ status: 'included', value: 'from Python', proven: true });
    expect((await client.get('grüße/1'))?.value).toBe('from Python');
  },
  limitMs,
);
