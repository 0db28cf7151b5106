/** A real network as a person has it: `up` in one process, orders from others, and nothing left at the end. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KvchainClient } from '../../daemon/rpc/client.ts';
import { z } from '../../daemon/zod.ts';
import { until } from '../until.ts';
import { giveOrder } from './control.ts';
import { readState } from './state-file.ts';

const execute = promisify(execFile);
const program = fileURLToPath(new URL('../main.js', import.meta.url));
const limitMs = 120_000;

const memberSchema = z.object({
  name: z.string(),
  state: z.string(),
  pid: z.number().nullable(),
  url: z.string().nullable(),
  reading: z.object({ height: z.number(), head: z.string(), peers: z.number(), hashRate: z.number() }).nullable(),
});
type MemberJson = z.output<typeof memberSchema>;

describe('a network of three daemons and a silent attacker', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvchain-up-'));
  const dir = join(folder, 'network');
  const file = join(folder, 'network.yaml');
  let network: ChildProcess;
  let members: readonly MemberJson[] = [];

  const order = (...args: readonly string[]) => execute(process.execPath, [program, ...args, '--dir', dir]);
  // What is asked again and again goes without a process of its own.
  const ps = async () => z.array(memberSchema).parse(await giveOrder(readState(dir).socket, { order: 'ps' }));
  const heads = async () => new Set((await ps()).slice(0, 3).map(({ reading }) => reading?.head));
  const heightOf = async (index: number) => {
    const url = members[index]?.url ?? '';
    return (await new KvchainClient({ url }).call('chain_status', {})).height;
  };

  beforeAll(async () => {
    writeFileSync(file, 'intervalMs: 500\nhashRate: 600\nnodes: 3\n');
    const flags = ['--file', file, '--attackers', 'silent:1', '--dir', dir, '--json'];
    network = spawn(process.execPath, [program, 'up', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (network.stdout === null) throw new Error('the output is a pipe');
    const [line] = await once(createInterface({ input: network.stdout }), 'line');
    members = z.object({ members: z.array(memberSchema) }).parse(JSON.parse(String(line))).members;
  }, limitMs);

  afterAll(() => {
    network.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  it('tells who they are, and that all run', () => {
    expect(members.map(({ name }) => name)).toEqual(['node-0', 'node-1', 'node-2', 'silent-3']);
    expect(members.map(({ state }) => state)).toEqual(['running', 'running', 'running', 'running']);
  });

  it(
    'P9: mines, and agrees, though one peer claims the heaviest chain and answers nothing',
    async () => {
      await until('blocks on all', limitMs, async () => {
        const heights = await Promise.all([0, 1, 2].map(heightOf));
        return Math.min(...heights) >= 3;
      });
    },
    limitMs,
  );

  it(
    'is cut into two that both go on, and is one again when it is healed',
    async () => {
      await order('partition', '0/1,2,3');
      const [cut, others] = [await heightOf(0), await heightOf(1)];
      await until('both sides to grow', limitMs, async () => {
        return (await heightOf(0)) >= cut + 2 && (await heightOf(1)) >= others + 2;
      });
      expect((await heads()).size).toBeGreaterThan(1);
      await order('heal');
      await until('one head', limitMs, async () => (await heads()).size === 1);
    },
    limitMs,
  );

  it(
    'loses a daemon by kill -9, and has it again after a restart',
    async () => {
      await order('kill', '1', '-9');
      const [, killed] = await ps();
      expect(killed).toMatchObject({ state: 'stopped', pid: null, reading: null });
      await order('restart', '1');
      const [, again] = await ps();
      expect(again).toMatchObject({ state: 'running', url: members[1]?.url });
      expect(again?.pid).not.toBe(members[1]?.pid);
      await until('it to be with the others', limitMs, async () => (await heads()).size === 1);
    },
    limitMs,
  );

  it(
    'refuses what makes no sense in words that help',
    async () => {
      await expect(order('partition', '0,1/2,3,4')).rejects.toMatchObject({
        code: 2,
        stderr: expect.stringContaining('0 to 3'),
      });
      await expect(order('up')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('runs in') });
    },
    limitMs,
  );

  it(
    'goes down on order, and leaves no process',
    async () => {
      const pids = (await ps()).flatMap(({ pid }) => pid ?? []);
      const ended = once(network, 'exit');
      await order('down');
      expect(await ended).toEqual([0, null]);
      for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      expect((await order('logs', '0', '--lines', '1')).stdout).toContain('node has stopped');
      expect((await order('logs', 'node-0', '--lines', '0')).stdout).toMatch(/^==> node-0: .+\n$/);
    },
    limitMs,
  );
});
