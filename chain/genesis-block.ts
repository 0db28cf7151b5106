/**
 * Block 0, which follows from the genesis alone: nobody mines or signs it, everybody computes it. Its parent is the chainId, its state
 * the allocations of the genesis.
 */
import { headerVersion, type SealedHeader, seal } from './block.ts';
import { compareBytes } from './bytes.ts';
import { encode } from './codec.ts';
import { chainIdOf, type Genesis, paramsAt } from './genesis.ts';
import { zeroHash } from './hash.ts';
import { publicKeyLength, signatureLength } from './keys.ts';
import { merkleRoot } from './merkle.ts';
import { accountCodec, accountStateKey, type StateChange, supplyCodec, supplyStateKey, treeUpdates } from './state.ts';
import { StateTree } from './state-tree.ts';

/**
 * The sealed header of block 0: height 0, no transactions, the state root of `genesisChanges`, the genesis' time and first bits, and
 * zeros for producer, nonce and signature. The genesis must be valid (`validateGenesis`). About 5 us an allocation.
 */
export function makeGenesisBlock(genesis: Genesis): SealedHeader {
  const emptyRoot = merkleRoot([]);
  const tree = new StateTree();
  tree.update(treeUpdates(genesisChanges(genesis)));
  const header = {
    version: headerVersion,
    height: 0,
    parent: chainIdOf(genesis),
    transactionsRoot: emptyRoot,
    receiptsRoot: emptyRoot,
    stateRoot: tree.root(),
    time: genesis.time,
    bits: paramsAt(genesis, 0).bits,
    producer: new Uint8Array(publicKeyLength),
    extension: new Uint8Array(0),
  };
  return seal(header, zeroHash, new Uint8Array(signatureLength));
}

/** What block 0 writes, in the order of state keys: an account for each allocation, and their sum as the supply when it is above 0. */
export function genesisChanges(genesis: Genesis): readonly StateChange[] {
  const changes = genesis.allocations.map(({ address, balance }): StateChange => {
    return { stateKey: accountStateKey(address), before: null, after: encode(accountCodec, { nonce: 0, balance }) };
  });
  const total = genesis.allocations.reduce((sum, { balance }) => sum + balance, 0n);
  if (total > 0n) changes.push({ stateKey: supplyStateKey, before: null, after: encode(supplyCodec, { total }) });
  return changes.sort((a, b) => compareBytes(a.stateKey, b.stateKey));
}
