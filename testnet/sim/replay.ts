/**
 * The fold of a chain, computed from nothing but the genesis and the blocks: another road to the state than the node's own, without a
 * database, an undo or a crash in it. What a node holds must equal it (A-I3).
 */
import type { Block } from '../../chain/block.ts';
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { chainIdOf, type Genesis, paramsAt } from '../../chain/genesis.ts';
import { genesisChanges, makeGenesisBlock } from '../../chain/genesis-block.ts';
import { applyBlock, checkStateRoot } from '../../chain/ledger.ts';
import { type StateChange, treeUpdates } from '../../chain/state.ts';
import { StateTree } from '../../chain/state-tree.ts';
import { validateBody } from '../../chain/validate.ts';
import { createEngine } from '../../consensus/registry.ts';

export interface Replayed {
  readonly root: Uint8Array;
  /** Records by state key in hexadecimal, in the order of the keys. */
  readonly records: ReadonlyMap<string, string>;
}

/** Replays blocks 1 to the head. Throws an Error that says which block breaks which rule. */
export function replay(genesis: Genesis, blocks: readonly Block[]): Replayed {
  const records = new Map<string, Uint8Array>();
  const tree = new StateTree();
  const absorb = (changes: readonly StateChange[]) => {
    for (const { stateKey, after } of changes) {
      if (after === null) records.delete(toHex(stateKey));
      else records.set(toHex(stateKey), after);
    }
    tree.update(treeUpdates(changes));
  };
  absorb(genesisChanges(genesis));
  const state = { read: (hex: string) => records.get(hex) ?? null };
  const chainId = chainIdOf(genesis);
  for (const block of blocks) {
    const { height } = block.header;
    const params = paramsAt(genesis, height);
    const valid = validateBody(block, { chainId, params });
    if (!valid.ok) throw new Error(`A-I2: block ${height}: ${valid.error.code} ${valid.error.detail}`);
    const applied = applyBlock({ genesis, params, block, state });
    if (!applied.ok) throw new Error(`A-I2: block ${height}: ${applied.error.code} ${applied.error.detail}`);
    absorb(applied.value.changes);
    const checked = checkStateRoot(block.header, tree.root());
    if (!checked.ok) throw new Error(`A-I3: block ${height}: ${checked.error.detail}`);
  }
  checkHeaders(genesis, blocks);
  const sorted = [...records].sort(([a], [b]) => (a < b ? -1 : 1));
  return { root: tree.root(), records: new Map(sorted.map(([key, record]) => [key, toHex(record)])) };
}

/** Links and seals; and a fresh engine, told the headers alone, must find the same chain: bits, times and work. */
function checkHeaders(genesis: Genesis, blocks: readonly Block[]): void {
  const found = createEngine(genesis.engine);
  if (!found.ok) throw new Error(found.error.detail);
  const genesisHeader = makeGenesisBlock(genesis);
  checkLinks(genesisHeader.hash, blocks);
  for (const block of blocks) {
    const sealed = found.value.checkSeal(block, paramsAt(genesis, block.header.height));
    if (!sealed.ok) throw new Error(`A-I2: block ${block.header.height}: ${sealed.error.code} ${sealed.error.detail}`);
  }
  // Where members vote no header proves the chain: the oracle has seen who voted.
  if (found.value.headerChain === null) return;
  const context = { genesis, genesisHeader, self: null, seed: 0n };
  const engine = found.value.recover(context, { records: [], tree: [], applied: genesisHeader.hash, floor: 0 });
  const now = (blocks.at(-1)?.header.time ?? genesis.time) + 1;
  engine.step({ type: 'headers', now, from: 'replay', headers: blocks });
  const { hash, height } = engine.view().bestHeader;
  const last = blocks.at(-1)?.hash ?? genesisHeader.hash;
  if (!equalBytes(hash, last)) throw new Error(`A-I2: of ${blocks.length} headers a fresh engine takes ${height}`);
}

function checkLinks(genesisHash: Uint8Array, blocks: readonly Block[]): void {
  for (const [index, { header }] of blocks.entries()) {
    const parent = blocks[index - 1]?.hash ?? genesisHash;
    if (header.height !== index + 1 || !equalBytes(header.parent, parent))
      throw new Error(`A-I2: block ${header.height} does not stand on the one before it`);
  }
}
