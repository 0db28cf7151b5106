/** A network of kvchain with the engine `paxos`, as a replicated store: its puts are signed transactions. */
import { mkdir } from 'node:fs/promises';
import { toHex } from '../../chain/bytes.ts';
import type { Genesis } from '../../chain/genesis.ts';
import { readGenesis } from '../../daemon/data-folder.ts';
import { RunningNetwork } from '../networks/network.ts';
import { planOf } from '../networks/network-file.ts';
import { until } from '../until.ts';
import { cpuMicrosecondsOf } from './cpu.ts';
import type { PlannedRequest } from './http-plan.ts';
import { LoadSigner } from './load-signer.ts';
import type { GetMode, ReplicatedStore } from './replicated-store.ts';

const electMs = 60_000;
/** Enough that no two puts of an account are under way at a time. */
const accounts = 512;
const putMs = 20_000;

export class PaxosNetwork implements ReplicatedStore {
  readonly name: string;
  readonly #network: RunningNetwork;
  readonly #genesis: Genesis;
  #signers = 0;

  private constructor(name: string, network: RunningNetwork, genesis: Genesis) {
    this.name = name;
    this.#network = network;
    this.#genesis = genesis;
  }

  /** Starts so many members in folders below this one. A block holds at most `blockTransactionsMax` puts. */
  static async start(count: number, folder: string, blockTransactionsMax?: number): Promise<PaxosNetwork> {
    await mkdir(folder, { recursive: true });
    const flags = ['--rpc-rate', '1000000', '--rpc-connections', '512', '--log-level', 'warn'];
    const nodes = Array.from({ length: count }, () => ({ flags }));
    const limit = blockTransactionsMax === undefined ? {} : { blockTransactionsMax };
    const network = new RunningNetwork(planOf({ name: 'bench', engine: 'paxos', nodes, ...limit }), folder);
    try {
      await network.start(() => {});
      const genesis = await readGenesis(network.member(0).dataDir);
      const name = blockTransactionsMax === undefined ? 'kvchain' : `kvchain, ${blockTransactionsMax} put a block`;
      const store = new PaxosNetwork(name, network, genesis);
      await store.leaderUrl();
      return store;
    } catch (error) {
      await network.stop();
      throw error;
    }
  }

  async leaderUrl(): Promise<string> {
    return (await this.#leader()).client.url;
  }

  /** With accounts of their own: a put that is not used would leave a gap in the nonces of its account. */
  puts(count: number, valueBytes: number): readonly PlannedRequest[] {
    const signer = new LoadSigner(this.#genesis, accounts, this.#signers++);
    return Array.from({ length: count }, (_, put) => {
      const transaction = signer.put(put, { first: put, count: 1, valueBytes });
      const body = JSON.stringify({ transaction: toHex(transaction.bytes), wait: 'included', timeoutMs: putMs });
      return { method: 'PUT', path: pathOf(signer, put), body };
    });
  }

  gets(count: number, mode: GetMode): readonly PlannedRequest[] {
    const first = new LoadSigner(this.#genesis, accounts, 0);
    return Array.from({ length: count }, (_, put) => ({ method: 'GET', path: `${pathOf(first, put)}?read=${mode}` }));
  }

  async killLeader(): Promise<readonly string[]> {
    await (await this.#leader()).member.kill();
    return this.#network.members.flatMap(({ client }) => client?.url ?? []);
  }

  async restartKilled(): Promise<void> {
    for (const { index, isRunning } of this.#network.members) if (!isRunning) await this.#network.restart(index);
  }

  cpuMicroseconds(): number {
    return this.#network.members.reduce((sum, { pid }) => sum + (pid === null ? 0 : cpuMicrosecondsOf(pid)), 0);
  }

  stop(): Promise<void> {
    return this.#network.stop();
  }

  #leader() {
    return until('paxos to have a leader', electMs, async () => {
      const member = await this.#network.leader();
      return member?.client ? { member, client: member.client } : null;
    });
  }
}

function pathOf(signer: LoadSigner, put: number): string {
  return `/v1/kv/${encodeURIComponent(signer.keyName(put, put))}`;
}
