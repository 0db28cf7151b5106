/**
 * `kvchain db verify` and `kvchain db repair`, on the folder of a stopped daemon. Both build the chain anew beside the database
 * (rebuild.ts): the one compares the two and throws the new one away, the other puts it in the place of the old. Until then nothing is
 * changed, so a tool that is killed can be run again.
 */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { chainIdOf, type Genesis } from '../chain/genesis.ts';
import { rows } from '../chain/layout.ts';
import type { AnyEngine } from '../consensus/instance.ts';
import { createEngine } from '../consensus/registry.ts';
import { type AuditParts, checkBlockAlone, type Finding, readable } from './chain-audit.ts';
import { ChainStore } from './chain-store.ts';
import { WorkerVerifier } from './crypto/worker-verifier.ts';
import { chainFolder, readGenesis } from './data-folder.ts';
import type { Store, StoreWrite } from './ports.ts';
import { rebuildChain } from './rebuild.ts';
import { scanRows } from './row-scan.ts';
import { findFileDamage, salvageLevelFolder } from './store/level-salvage.ts';
import { openLevelStore } from './store/level-store.ts';
import { syncFolder } from './store/sync-folder.ts';
import { systemClock } from './system.ts';
import { compareWithRebuilt } from './verify-rows.ts';

/** Findings that are listed; the others are counted. */
const findingsMax = 100;
/** Rows that are written together. */
const batchRows = 1_000;
/** Beside the folder `chain`: what is being built, and what a repair took out of the way. */
const scratchFolder = `${chainFolder}.scratch`;
const damagedFolder = `${chainFolder}.damaged`;

/** Told while a tool works: at what, how far it is, and how far it goes, where that is known. */
export type OnProgress = (stage: string, done: number, of: number | null) => void;

export interface VerifyReport {
  readonly isGood: boolean;
  readonly chainId: string;
  /** Up to this block everything is good, executed from block 0 on. */
  readonly height: number;
  readonly hash: string;
  /** At most 100, in the order in which they were found. */
  readonly findings: readonly Finding[];
  readonly findingsCount: number;
}

export interface RepairReport {
  readonly chainId: string;
  /** Where the repaired database stands. */
  readonly height: number;
  readonly hash: string;
  /** Where the damaged one said that it stood; null when that was not readable. */
  readonly heightBefore: number | null;
  /** Why the repaired one ends below; null when nothing is lost. A node fetches what is above from its peers. */
  readonly finding: Finding | null;
  /** Whole blocks of other branches, and above a lost one, that were kept. */
  readonly otherBlocks: number;
  /** The damaged database, kept for whoever wants to look. */
  readonly damagedFolder: string;
}

/**
 * Checks everything: files, checksums, links, work, signatures, bodies, execution, roots, and every row that follows from the blocks.
 * Takes about the time of a sync from a peer, and as much free space as the database has. Errors: BAD_GENESIS, DATABASE_LOCKED,
 * DATABASE_VERSION, DISK_FAILED, NOT_FOUND.
 */
export async function verifyDatabase(dataDir: string, onProgress: OnProgress): Promise<VerifyReport> {
  const folder = join(dataDir, chainFolder);
  const network = networkOf(await readGenesis(dataDir));
  const fileDamage = await findFileDamage(folder);
  if (fileDamage !== null) {
    const chainId = toHex(network.chainId);
    return { isGood: false, chainId, height: 0, hash: '', findings: [fileFinding(fileDamage, null)], findingsCount: 1 };
  }
  const findings: Finding[] = [];
  let findingsCount = 0;
  const add = (finding: Finding) => {
    findingsCount += 1;
    if (findings.length < findingsMax) findings.push(finding);
  };
  const onDamagedRow = (key: Uint8Array, error: KvchainError) => {
    if (isLoose(key))
      add({ height: null, row: 'of no block', key: toHex(key), code: error.code, detail: error.message });
  };
  const report = withStores({ dataDir, folder, network, onDamagedRow }, async ({ source, target, parts }) => {
    const onHeight = (done: number, of: number | null) => onProgress('blocks', done, of);
    const rebuilt = await rebuildChain({
      ...parts,
      target: new ChainStore(target),
      clock: systemClock,
      onProgress: onHeight,
    });
    if (rebuilt.finding !== null) add(rebuilt.finding);
    const { header, hashHex: hash } = rebuilt.head;
    let kinds = 0;
    const onKind = () => onProgress('rows', kinds++, Object.keys(rows).length);
    const order = { ...parts, source, rebuilt: target, tipHeight: header.height, onKind };
    if (rebuilt.finding === null) for await (const finding of compareWithRebuilt(order)) add(finding);
    const chainId = toHex(network.chainId);
    return { isGood: findingsCount === 0, chainId, height: header.height, hash, findings, findingsCount };
  });
  try {
    return await report;
  } finally {
    await rm(join(dataDir, scratchFolder), { recursive: true, force: true });
  }
}

/**
 * Rebuilds the database from its own good blocks and puts it in the place of the damaged one, which is kept beside it. What follows from
 * the blocks is executed anew; a lost block and those above it are for the node to fetch again. Needs free space as `verifyDatabase`. Errors: as
 * there.
 */
export async function repairDatabase(dataDir: string, onProgress: OnProgress): Promise<RepairReport> {
  const folder = join(dataDir, chainFolder);
  const aside = join(dataDir, damagedFolder);
  const network = networkOf(await readGenesis(dataDir));
  // A repair that was killed between its two moves has left the database aside.
  if (!existsSync(folder) && existsSync(aside)) await rename(aside, folder);
  const fileDamage = await salvageLevelFolder(folder);
  const report = await withStores(
    { dataDir, folder, network, onDamagedRow: () => {} },
    async ({ source, target, parts }) => {
      const rebuilding = { ...parts, target: new ChainStore(target), clock: systemClock };
      const onHeight = (done: number, of: number | null) => onProgress('blocks', done, of);
      const { head, tipHeight, finding } = await rebuildChain({ ...rebuilding, onProgress: onHeight });
      const otherBlocks = await keepOthers(parts, source, target);
      return { height: head.header.height, hash: head.hashHex, heightBefore: tipHeight, finding, otherBlocks };
    },
  );
  await rm(aside, { recursive: true, force: true });
  await rename(folder, aside);
  await rename(join(dataDir, scratchFolder), folder);
  await syncFolder(dataDir);
  const lost = fileDamage === null || report.finding !== null ? report.finding : fileFinding(fileDamage, report.height);
  const isWhole = report.heightBefore !== null && report.height === report.heightBefore;
  return { chainId: toHex(network.chainId), ...report, finding: isWhole ? null : lost, damagedFolder: aside };
}

/** What every tool of the database knows of the chain. */
export interface Network {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  readonly engine: AnyEngine;
}

/** Error thrown: BAD_GENESIS for an engine that this program does not have. */
export function networkOf(genesis: Genesis): Network {
  const engine = createEngine(genesis.engine);
  if (!engine.ok) throw new KvchainError(engine.error.code, engine.error.detail);
  return { genesis, chainId: chainIdOf(genesis), engine: engine.value };
}

interface Job {
  readonly dataDir: string;
  readonly folder: string;
  readonly network: Network;
  readonly onDamagedRow: (key: Uint8Array, error: KvchainError) => void;
}

interface Opened {
  readonly source: Store;
  /** Empty. */
  readonly target: Store;
  readonly parts: AuditParts;
}

/** Opens the database as it is, an empty one beside it, and threads for signatures; closes them backwards. */
async function withStores<T>(
  { dataDir, folder, network, onDamagedRow }: Job,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const scratch = join(dataDir, scratchFolder);
  const chainIdHex = toHex(network.chainId);
  const source = await openLevelStore({ folder, chainIdHex, onDamagedRow });
  const verifier = new WorkerVerifier({ onFallback: () => {} });
  try {
    await rm(scratch, { recursive: true, force: true });
    const target = await openLevelStore({ folder: scratch, chainIdHex });
    try {
      return await work({ source, target, parts: { ...network, chain: new ChainStore(source), verifier } });
    } finally {
      await target.close();
    }
  } finally {
    await verifier.close();
    await source.close();
  }
}

/** Blocks that are whole but not on the rebuilt chain, the waiting transactions and the known peers. Gives how many blocks. */
async function keepOthers(parts: AuditParts, source: Store, target: Store): Promise<number> {
  const rebuilt = new ChainStore(target);
  let blocks = 0;
  for await (const { key } of scanRows(source, rows.headerByHeight)) {
    const hash = rows.headerByHeight.place.decode(key.subarray(1))?.hash;
    if (hash === undefined || (await rebuilt.header(hash)) !== null) continue;
    const [header, block] = [await readable(parts.chain.header(hash)), await readable(parts.chain.block(hash))];
    if (header === null || block === null || !checkBlockAlone(parts, block).ok) continue;
    await rebuilt.putBlock(block, header.record, { name: 'peer-block', durability: 'lazy' });
    blocks += 1;
  }
  let batch: StoreWrite[] = [];
  for (const kind of [rows.mempool, rows.peer]) {
    for await (const { key, value } of scanRows(source, kind)) {
      if (kind.place.decode(key.subarray(1)) === null || kind.value.decode(value) === null) continue;
      batch.push({ key, value });
      if (batch.length < batchRows) continue;
      await target.write(batch, 'lazy', 'mempool');
      batch = [];
    }
  }
  await target.write(batch, 'durable', 'mempool');
  return blocks;
}

function isLoose(key: Uint8Array): boolean {
  const prefix = String.fromCharCode(key[0] ?? 0);
  return [rows.peer, rows.mempool, rows.undone].some(kind => kind.prefix === prefix);
}

function fileFinding(detail: string, height: number | null): Finding {
  return { height, row: 'file', key: chainFolder, code: 'DATABASE_DAMAGED', detail };
}
