/**
 * A cluster of etcd on this machine, spoken to by its JSON gateway over plain HTTP, so that the same client loads it and kvchain. etcd is
 * the program of Debian's package; its settings are its defaults, so each write is on the disks of a majority when it is answered.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Child } from '../child.ts';
import { until } from '../until.ts';
import { cpuMicrosecondsOf } from './cpu.ts';
import type { PlannedRequest } from './http-plan.ts';
import type { GetMode, ReplicatedStore } from './replicated-store.ts';

const electMs = 30_000;
const howToInstall = 'apt-get install etcd-server etcd-client';

interface EtcdMember {
  readonly url: string;
  readonly args: readonly string[];
  child: Child | null;
}

export class EtcdCluster implements ReplicatedStore {
  readonly name = 'etcd';
  readonly #members: readonly EtcdMember[];
  #puts = 0;

  private constructor(members: readonly EtcdMember[]) {
    this.#members = members;
  }

  /** Starts so many members in folders below this one. Throws with the command to install it where etcd is not there. */
  static async start(count: number, folder: string): Promise<EtcdCluster> {
    const places = await Promise.all(
      Array.from({ length: count }, async (_, index) => ({
        name: `m${index}`,
        url: `http://127.0.0.1:${await freePort()}`,
        peerUrl: `http://127.0.0.1:${await freePort()}`,
      })),
    );
    const everyone = places.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
    const members = places.map(({ name, url, peerUrl }) => {
      const clients = ['--listen-client-urls', url, '--advertise-client-urls', url];
      const peers = ['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl];
      const cluster = ['--initial-cluster', everyone, '--initial-cluster-state', 'new', '--log-level', 'error'];
      return {
        url,
        args: ['--name', name, '--data-dir', `${folder}/${name}`, ...clients, ...peers, ...cluster],
        child: null,
      };
    });
    const etcd = new EtcdCluster(members);
    try {
      for (const member of members) await run(member);
      await etcd.leaderUrl();
    } catch (error) {
      await etcd.stop();
      throw error;
    }
    return etcd;
  }

  async leaderUrl(): Promise<string> {
    return until('etcd to have a leader', electMs, async () => {
      for (const { url, child } of this.#members) {
        const status = child === null ? null : await statusOf(url);
        if (status !== null && status.leader === status.header.member_id) return url;
      }
      return null;
    });
  }

  puts(count: number, valueBytes: number): readonly PlannedRequest[] {
    return Array.from({ length: count }, () => {
      const put = this.#puts++;
      const value = base64(`value ${put}`.padEnd(valueBytes, '.'));
      return { method: 'POST', path: '/v3/kv/put', body: JSON.stringify({ key: keyOf(put), value }) };
    });
  }

  gets(count: number, mode: GetMode): readonly PlannedRequest[] {
    return Array.from({ length: count }, (_, put) => {
      const body = JSON.stringify({ key: keyOf(put), serializable: mode === 'local' });
      return { method: 'POST', path: '/v3/kv/range', body };
    });
  }

  async killLeader(): Promise<readonly string[]> {
    const leader = await this.leaderUrl();
    const member = this.#members.find(({ url }) => url === leader);
    await member?.child?.kill();
    if (member !== undefined) member.child = null;
    return this.#members.flatMap(({ child, url }) => (child === null ? [] : [url]));
  }

  async restartKilled(): Promise<void> {
    for (const member of this.#members) if (member.child === null) await run(member);
  }

  cpuMicroseconds(): number {
    return this.#members.reduce((sum, { child }) => sum + (child === null ? 0 : cpuMicrosecondsOf(child.pid)), 0);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map(({ child }) => child?.kill()));
  }
}

/** Those that begin wait for a majority, so that none of them can be waited for alone. */
async function run(member: EtcdMember): Promise<void> {
  const child = spawn('etcd', member.args, { stdio: 'ignore' });
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw new Error(`etcd does not start: is it installed? ${howToInstall}`, { cause });
  }
  member.child = new Child(child);
}

interface EtcdStatus {
  readonly leader: string;
  readonly header: { readonly member_id: string };
}

/** Null while it does not answer. */
async function statusOf(url: string): Promise<EtcdStatus | null> {
  try {
    const answer = await fetch(`${url}/v3/maintenance/status`, { method: 'POST', body: '{}' });
    const status: EtcdStatus = JSON.parse(await answer.text());
    return answer.ok ? status : null;
  } catch {
    return null;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('a server without a port');
  return address.port;
}

function keyOf(put: number): string {
  return base64(`key/${put}`);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
