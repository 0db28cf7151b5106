import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
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
    const { code, stdout, stderr } = await run('--rpc', client.url, 'grüße/1', 'from Python');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ status: 'included', value: 'from Python', proven: true });
    expect((await client.get('grüße/1'))?.value).toBe('from Python');
    const again = await run('--rpc', client.url, 'grüße/1', 'once more');
    expect(again).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/failed NOT_OWNER; a key belongs to/),
    });
    const unsigned = await run('--rpc', client.url, 'k'.repeat(257), 'v');
    expect(unsigned).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('BAD_KEY') });
  },
  limitMs,
);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the script to its end. */
async function run(...words: readonly string[]): Promise<Ended> {
  const child = spawn('python3', [script, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stdout, stderr };
}
