/** One member of a network: a daemon or an attacker in a process of its own, and what is kept of it from one start to the next. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KvchainError } from '../../chain/errors.ts';
import { publicKeyOf } from '../../chain/keys.ts';
import { genesisFile, readNodeKeys } from '../../daemon/data-folder.ts';
import { makeFolder } from '../../daemon/make-folder.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import { startAttacker } from '../attackers/attacker-process.ts';
import type { Child } from '../child.ts';
import { DaemonProcess } from '../daemon-process.ts';
import type { Host } from './hosts.ts';
import type { PlannedAttacker, PlannedNode } from './network-file.ts';
import type { MemberRow } from './table.ts';

export type MemberPlan =
  | ({ readonly role: 'node' } & PlannedNode)
  | ({ readonly role: 'attacker'; readonly bootstrap: () => readonly string[] } & PlannedAttacker);

export interface MemberPlace {
  readonly index: number;
  readonly folder: string;
  readonly genesis: () => Promise<string>;
  readonly host: Host;
}

/** A reading that takes longer is left out of the table. */
const readingMs = 5_000;

export class Member {
  readonly index: number;
  readonly name: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly plan: MemberPlan;
  readonly #genesis: () => Promise<string>;
  readonly #host: Host;
  #process: DaemonProcess | Child | null = null;
  #identity: { readonly peerId: string; readonly address: string } | null = null;
  #isPaused = false;

  constructor(plan: MemberPlan, { index, folder, genesis, host }: MemberPlace) {
    this.index = index;
    this.plan = plan;
    this.name = plan.role === 'node' ? (plan.name ?? `node-${index}`) : `${plan.kind}-${index}`;
    this.dataDir = join(folder, this.name);
    this.logFile = join(folder, `${this.name}.log`);
    this.#genesis = genesis;
    this.#host = host;
  }

  /** The daemon's client; null for an attacker, and while it is stopped or paused. */
  get client(): KvchainClient | null {
    return this.#process instanceof DaemonProcess && !this.#isPaused ? this.#process.client : null;
  }

  /** Known from the first start on, and the same ever after. */
  get peerId(): string | null {
    return this.#identity?.peerId ?? null;
  }

  /** Where others dial it; null before the first start. */
  get address(): string | null {
    return this.#identity?.address ?? null;
  }

  get isRunning(): boolean {
    return this.#process !== null;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** The key with which its daemon signs, made when it is not there yet. */
  async publicKey(): Promise<Uint8Array> {
    await this.#makeFolder();
    return publicKeyOf((await readNodeKeys(this.dataDir)).producer);
  }

  async #makeFolder(): Promise<void> {
    await makeFolder(this.dataDir, 0o700);
  }

  /** Resolves when it answers. A daemon takes the ports that it had before. Error thrown: UNREACHABLE with its last words. */
  async start(): Promise<void> {
    await this.#makeFolder();
    await writeFile(join(this.dataDir, genesisFile), await this.#genesis(), { mode: 0o600 });
    if (this.plan.role === 'node') await this.#startDaemon(this.plan);
    else await this.#startAttacker(this.plan);
  }

  /** From here on whoever stops the member stops this process, also where the start fails later. */
  #hold(process: DaemonProcess | Child): void {
    this.#process = process;
    this.#isPaused = false;
    void process.exited.then(() => this.#onExit(process)); // An exit does not reject.
  }

  #onExit(process: DaemonProcess | Child): void {
    if (this.#process === process) this.#process = null;
  }

  /** In order; resolves when it is gone. */
  async stop(): Promise<void> {
    this.resume();
    await this.#process?.stop();
    this.#process = null;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#process?.kill();
    this.#process = null;
  }

  /** The signal that its failpoint waits for; a daemon whose failpoint waits for none ends at once. */
  arm(): void {
    this.#running().signal('SIGUSR2');
  }

  /** Freezes it, as a machine that hangs. */
  pause(): void {
    this.#running().signal('SIGSTOP');
    this.#isPaused = true;
  }

  resume(): void {
    this.#process?.signal('SIGCONT');
    this.#isPaused = false;
  }

  async row(): Promise<MemberRow> {
    const { index, name, pid, address } = this;
    const process = this.#process;
    const url = process instanceof DaemonProcess ? process.client.url : null;
    const attacker = this.plan.role === 'attacker' ? this.plan.kind : null;
    const base = { index, name, attacker, pid, url, address };
    if (process === null) return { ...base, state: 'stopped', reading: null };
    if (this.#isPaused) return { ...base, state: 'paused', reading: null };
    if (this.client === null) return { ...base, state: 'running', reading: null };
    const reading = await readingOf(this.client).catch(() => null);
    return { ...base, state: reading === null ? 'slow' : 'running', reading };
  }

  async #startDaemon(plan: PlannedNode): Promise<void> {
    const daemon = await this.#launch(plan, this.#ports()).catch((error: unknown) => {
      if (this.#identity === null || !String(error).includes('PORT_IN_USE')) throw error;
      // Another program took a port while this daemon was away: it gets new ones, which are told to the others.
      return this.#launch(plan, []);
    });
    this.#hold(daemon);
    const { peerId } = await daemon.client.call('net_info', {});
    this.#identity = { peerId, address: await daemon.address() };
    this.#rpcPort = new URL(daemon.client.url).port;
  }

  #launch({ flags, failpoint }: PlannedNode, ports: readonly string[]): Promise<DaemonProcess> {
    return DaemonProcess.start({
      dataDir: this.dataDir,
      flags: [...ports, ...flags],
      failpoint,
      logFile: this.logFile,
      host: this.#host,
    });
  }

  /** Those of the last start; none means free ones, which the system gives out without races. */
  #ports(): readonly string[] {
    const port = /\/tcp\/(\d+)\//.exec(this.address ?? '')?.[1];
    return port === undefined || this.#host.portFlags.length > 0
      ? this.#host.portFlags
      : ['--p2p-port', port, '--rpc-port', this.#rpcPort];
  }

  #rpcPort = '0';

  async #startAttacker({ kind, hashRate, bootstrap }: PlannedAttacker & { bootstrap: () => readonly string[] }) {
    const { dataDir, logFile } = this;
    const host = this.#host;
    const dials = bootstrap();
    const { child, identity } = await startAttacker({ kind, hashRate, dataDir, logFile, host, bootstrap: dials });
    this.#hold(child);
    this.#identity = identity;
  }

  #running(): DaemonProcess | Child {
    if (this.#process === null) {
      throw new KvchainError('USAGE', `${this.name} is not running`, {
        action: `Start it with \`kvchain-testnet restart ${this.index}\`.`,
      });
    }
    return this.#process;
  }
}

async function readingOf(client: KvchainClient) {
  const [status, miner] = await Promise.all([
    client.call('chain_status', {}, { timeoutMs: readingMs }),
    client.call('miner_status', {}, { timeoutMs: readingMs }),
  ]);
  const { height, headHash, peers, mempool } = status;
  return { height, head: headHash, peers, mempool, hashRate: miner.running ? miner.hashRate : 0 };
}
