/** A network of real daemons on this machine, in folders of their own under one temporary folder, all with the same genesis. */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Genesis } from '../chain/genesis.ts';
import { formatGenesis } from '../chain/genesis-file.ts';
import { DaemonProcess, type Hardship } from './daemon-process.ts';

export class Cluster {
  readonly folder: string;
  readonly #genesis: Genesis;
  readonly #running = new Map<string, DaemonProcess>();

  private constructor(folder: string, genesis: Genesis) {
    this.folder = folder;
    this.#genesis = genesis;
  }

  static async create(genesis: Genesis): Promise<Cluster> {
    return new Cluster(await mkdtemp(join(tmpdir(), 'kvchain-')), genesis);
  }

  folderOf(name: string): string {
    return join(this.folder, name);
  }

  /** Starts the daemon of this name; its folder is kept from one start to the next. */
  async start(name: string, flags: readonly string[], hardship: Hardship = {}): Promise<DaemonProcess> {
    const dataDir = this.folderOf(name);
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await writeFile(join(dataDir, 'genesis.json'), formatGenesis(this.#genesis));
    const daemon = await DaemonProcess.start({ dataDir, flags, ...hardship });
    this.#running.set(name, daemon);
    return daemon;
  }

  /** Bytes on disk of one daemon's chain. */
  async bytesOf(name: string): Promise<number> {
    const folder = join(this.folderOf(name), 'chain');
    const files = await readdir(folder);
    const sizes = await Promise.all(files.map(file => stat(join(folder, file)).then(info => info.size)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Stops what runs and removes the folder. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(daemon => daemon.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }
}
