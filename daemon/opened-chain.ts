/** What a node finds in its store and its log, opened and checked: the chain, the ledger where it stood, and the engine as it comes back. */
import type { SealedHeader } from '../chain/block.ts';
import { KvchainError } from '../chain/errors.ts';
import type { Genesis } from '../chain/genesis.ts';
import { makeGenesisBlock } from '../chain/genesis-block.ts';
import { minesBlocks } from '../chain/params.ts';
import type { Signer } from '../chain/transaction.ts';
import type { MemberIndex, TreeRow } from '../consensus/engine.ts';
import type { EngineInstance } from '../consensus/instance.ts';
import { createEngine } from '../consensus/registry.ts';
import { ChainStore } from './chain-store.ts';
import { logBytesMax } from './driver.ts';
import type { EngineRecorder } from './engine-recording.ts';
import { createChain } from './genesis-store.ts';
import type { MovedBlock } from './ledger-step.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { memberOf } from './member-proof.ts';
import type { Clock, Log, Random, Store } from './ports.ts';
import { Pruner, type Pruning } from './pruner.ts';
import { discardSnapshot } from './snapshot-store.ts';

export interface ChainOptions {
  readonly genesis: Genesis;
  /** Signs the blocks that the node produces; the holder of a member's key is that member. */
  readonly signer: Signer;
  /** What is taken away from the disk; null: nothing. */
  readonly pruning: Pruning | null;
  /** Keeps what the engine is told, so that it can be told again; null: nobody does. */
  readonly recorder?: EngineRecorder | null;
  /** Another length at which the engine's log is condensed. */
  readonly logBytesMax?: number;
  /** Told of faults that the node survives. */
  readonly onFault: (error: unknown) => void;
}

export interface ChainPorts {
  readonly store: Store;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
}

export interface OpenedChain {
  readonly chain: ChainStore;
  readonly ledger: LedgerWriter;
  readonly engine: EngineInstance;
  readonly pruner: Pruner;
  readonly self: MemberIndex | null;
  /** Of the engine's log. */
  readonly lengths: { readonly logBytes: number; readonly logBytesMax: number };
  /** Both are set once the node stands. */
  onStep: (moved: readonly MovedBlock[], head: SealedHeader) => Promise<void>;
  onFault: (error: unknown) => void;
}

/** Errors: BAD_GENESIS, BAD_CONFIG (a depth of pruning within the undo window), DATABASE_VERSION, DATABASE_DAMAGED. */
export async function openChain(options: ChainOptions, ports: ChainPorts): Promise<OpenedChain> {
  const { genesis, signer, pruning, recorder, onFault } = options;
  const found = createEngine(genesis.engine);
  if (!found.ok) throw new KvchainError(found.error.code, found.error.detail);
  for (const { params } of genesis.schedule) {
    const checked = found.value.checkParams(params);
    if (!checked.ok) throw new KvchainError(checked.error.code, checked.error.detail);
  }
  const chain = new ChainStore(ports.store);
  const genesisHeader = makeGenesisBlock(genesis);
  await discardSnapshot(chain);
  if ((await chain.tip()) === null) await createChain(chain, genesis, genesisHeader);
  const opened: Pick<OpenedChain, 'onStep' | 'onFault'> = { onStep: async () => {}, onFault: () => {} };
  const pruner = await Pruner.open({ genesis, chain, pruning, onFault: error => opened.onFault(error) });
  const onStep: OpenedChain['onStep'] = (moved, head) => opened.onStep(moved, head);
  const self = memberOf(genesis, signer.publicKey);
  // A majority holds the bodies of what was decided and the votes for it: a batch that a crash takes is committed again.
  const durability = areMembersTrusted(found.value, genesis) && self !== null ? 'lazy' : 'durable';
  const ledger = await LedgerWriter.reopen({ genesis, chain, clock: ports.clock, durability, onStep }, onFault);
  const { height } = ledger.head.header;
  const tree: TreeRow[] = [];
  for await (const row of chain.headersFrom(Math.max(0, height - found.value.treeDepth(genesis)))) tree.push(row);
  const seed = new DataView(ports.random.bytes(8).buffer).getBigUint64(0);
  const records = await ports.log.read();
  const context = { genesis, genesisHeader, self, signer: self === null ? null : signer, seed };
  const recovery = { records, tree, applied: ledger.head.hash, floor: Math.max(0, pruner.blocksFrom - 1) };
  const engine = recorder?.recover(found.value, context, recovery) ?? found.value.recover(context, recovery);
  const logBytes = records.reduce((sum, record) => sum + record.length, 0);
  const lengths = { logBytes, logBytesMax: options.logBytesMax ?? logBytesMax };
  return Object.assign(opened, { chain, ledger, engine, pruner, self, lengths });
}

/** Members alone make the blocks, and do nothing worse than crash: what one of them verified the others need not verify again. */
export function areMembersTrusted(
  { faultModel }: Pick<EngineInstance, 'faultModel'>,
  { engine }: Pick<Genesis, 'engine'>,
): boolean {
  return faultModel === 'crash' && !minesBlocks(engine);
}
