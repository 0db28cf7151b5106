/**
 * One daemon, killed at one failpoint after the other in one folder, with an honest peer beside it. Each life begins with the recovery
 * of the one before; after each death its disk is examined, and at the end it must stand up, show every acknowledged put, and agree.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { KvchainError } from '../../chain/errors.ts';
import type { Genesis } from '../../chain/genesis.ts';
import type { Cluster } from '../cluster.ts';
import type { DaemonProcess } from '../daemon-process.ts';
import { until } from '../until.ts';
import { findLost } from './autopsy.ts';
import type { Companion } from './companion.ts';
import { load } from './load.ts';
import type { PlannedFailpoint } from './plan.ts';

/** A daemon comes to its failpoint well before. */
const lifeMsMax = 60_000;
/** A stopping daemon has something to write about its mempool nearly always; not when a block took all of it. */
const stopsMax = 10;
const putsBeforeStop = 1;
const victim = 'victim';
/** Another node, which holds nothing at first, and dies while it joins from a snapshot. */
const newcomer = 'newcomer';

export interface RoundParts {
  readonly genesis: Genesis;
  readonly cluster: Cluster;
  readonly companion: Companion;
  readonly flags: readonly string[];
  /** Flags by which it prunes soon. */
  readonly pruning: readonly string[];
  /** From this height on there is a snapshot that is deep enough. */
  readonly snapshotFrom: number;
}

export interface Death {
  /** The failpoint, or what else killed it. */
  readonly at: string;
  /** Puts that were acknowledged before. */
  readonly acknowledged: number;
  readonly lost: readonly string[];
}

export class Round {
  readonly #parts: RoundParts;
  readonly #acknowledged = new Map<string, string>();
  #hasNewcomer = false;

  constructor(parts: RoundParts) {
    this.#parts = parts;
  }

  /** Lives until it is killed at this visit of the failpoint. Throws when it ends otherwise, or its disk is not whole. */
  async dieAt({ failpoint, by }: PlannedFailpoint, hit: number): Promise<Death> {
    const { companion, snapshotFrom } = this.#parts;
    if (by === 'snapshot') await until('a snapshot', lifeMsMax, async () => companion.height >= snapshotFrom);
    for (let stops = 0; stops < stopsMax; stops++) {
      const words = await this.#live(`${failpoint} ${hit}`, by);
      const isDead = words.endsWith(`killed ${failpoint}\n`);
      // It has acknowledged nothing, and its next start has to do with whatever it left.
      if (isDead && by === 'snapshot') return { at: failpoint, acknowledged: 0, lost: [] };
      if (isDead) return this.#examine(failpoint);
      if (by !== 'stop') throw new Error(`the daemon did not die ${failpoint}, but said: ${words.slice(-2_000)}`);
    }
    throw new Error(`of ${stopsMax} stops none came to ${failpoint}`);
  }

  /** Kills it after so many milliseconds under load. */
  async dieAfter(ms: number): Promise<Death> {
    const daemon = await this.#start('load');
    await this.#underLoad(daemon, 'load', async () => {
      await pause(ms);
      await daemon.kill();
    });
    return this.#examine('kill -9 at any time');
  }

  /** Starts it once more: every acknowledged put is read by its API, and it agrees with the companion. Gives the height. */
  async finish(): Promise<number> {
    const { companion } = this.#parts;
    const { client } = await this.#start('load');
    for (const [key, value] of this.#acknowledged) {
      await until(`${key} to be read`, lifeMsMax, async () => (await client.get(key))?.value === value);
    }
    // The victim goes on: of two branches of equal work each side would keep its own for ever.
    companion.stopMining();
    const height = await until('one head', lifeMsMax, async () => {
      const head = await client.call('chain_head', {});
      const { hash, stateRoot } = companion.head;
      if (head.hash !== hash) return null;
      if (head.stateRoot !== stateRoot) throw new Error('one head with two state roots');
      return head.height;
    });
    if (this.#hasNewcomer) await this.#finishJoining();
    return height;
  }

  /** The node that died while it joined comes up from a snapshot, and has what the others have. */
  async #finishJoining(): Promise<void> {
    const { companion } = this.#parts;
    const { client } = await this.#start('snapshot');
    const isThere = async () => (await client.call('chain_head', {})).hash === companion.head.hash;
    await until('one head with the newcomer', lifeMsMax, isThere);
    if ((await client.call('chain_status', {})).blocksFrom === 0) throw new Error('it did not join from a snapshot');
    for (const [key, value] of this.#acknowledged) {
      if ((await client.get(key))?.value !== value) throw new Error(`the newcomer does not have ${key}`);
    }
  }

  /** Gives what the daemon said before it ended. */
  async #live(failpoint: string, by: PlannedFailpoint['by']): Promise<string> {
    let daemon: DaemonProcess;
    try {
      daemon = await this.#start(by, failpoint);
    } catch (error) {
      // It died before it answered for the first time.
      if (error instanceof KvchainError && error.code === 'UNREACHABLE') return error.message;
      throw error;
    }
    await this.#underLoad(daemon, by, async () => {
      if (by === 'stop') {
        const before = this.#acknowledged.size;
        await until('puts', lifeMsMax, async () => this.#acknowledged.size >= before + putsBeforeStop);
        daemon.signal('SIGTERM');
      }
      const limit = new AbortController();
      await Promise.race([daemon.exited, pause(lifeMsMax, undefined, { signal: limit.signal })]);
      limit.abort();
      await daemon.kill();
    });
    return daemon.log;
  }

  async #underLoad(daemon: DaemonProcess, by: PlannedFailpoint['by'], life: () => Promise<void>): Promise<void> {
    const { companion } = this.#parts;
    const over = new AbortController();
    const blocks = by === 'invalid blocks' ? 'also invalid' : 'valid';
    const { client } = daemon;
    const work = load({ client, companion, acknowledged: this.#acknowledged, blocks }, over.signal);
    try {
      await life();
    } finally {
      over.abort();
      await work;
    }
  }

  #start(by: PlannedFailpoint['by'], failpoint?: string): Promise<DaemonProcess> {
    const { cluster, companion, flags, pruning } = this.#parts;
    if (by === 'snapshot') {
      this.#hasNewcomer = true;
      return cluster.start(newcomer, ['--snapshot-sync', '--bootstrap', companion.address], { failpoint });
    }
    const all = [...flags, '--bootstrap', companion.address, ...(by === 'pruning' ? pruning : [])];
    return cluster.start(victim, all, { failpoint });
  }

  async #examine(at: string): Promise<Death> {
    const { cluster, companion, genesis } = this.#parts;
    const acknowledged = new Map(this.#acknowledged);
    const lost = await findLost({
      dataDir: cluster.folderOf(victim),
      genesis,
      acknowledged,
      prunedBlock: hash => companion.block(hash),
    });
    for (const key of lost) this.#acknowledged.delete(key);
    return { at, acknowledged: acknowledged.size, lost };
  }
}
