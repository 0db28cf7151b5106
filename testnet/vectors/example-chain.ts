/**
 * The small chain that the protocol's vectors are taken from: a genesis, two accounts, and a block with every operation, one transaction
 * of which fails. Everything is derived from fixed texts, so it is the same on every machine.
 */
import { type Block, blockHash, contentHash, type Header, producerDigest, seal } from '../../chain/block.ts';
import { toUtf8 } from '../../chain/bytes.ts';
import { assert } from '../../chain/errors.ts';
import { chainIdOf, type Genesis, genesisVersion, paramsAt } from '../../chain/genesis.ts';
import { genesisChanges, makeGenesisBlock } from '../../chain/genesis-block.ts';
import { sha256 } from '../../chain/hash.ts';
import { addressOf, publicKeyOf, sign } from '../../chain/keys.ts';
import { BlockExecution } from '../../chain/ledger.ts';
import { merkleRoot } from '../../chain/merkle.ts';
import type { Operation } from '../../chain/operation.ts';
import { defaultParams } from '../../chain/params.ts';
import { Overlay, treeUpdates } from '../../chain/state.ts';
import { StateTree } from '../../chain/state-tree.ts';
import { bitsForLeadingZeros, decodeBits, hashMeetsTarget } from '../../chain/target.ts';
import { signTransaction, type TransactionBody } from '../../chain/transaction.ts';

/** A key pair that everybody knows: its secret is the SHA-256 of a name. */
export interface ExampleAccount {
  readonly name: string;
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly address: Uint8Array;
}

export const alice: ExampleAccount = exampleAccount('alice');
export const bob: ExampleAccount = exampleAccount('bob');
const miner = exampleAccount('miner');
export const exampleAccounts: readonly ExampleAccount[] = [alice, bob, miner];

export const exampleGenesis: Genesis = {
  version: genesisVersion,
  name: 'vectors',
  engine: 'pow',
  time: 1_700_000_000_000,
  schedule: [{ height: 0, params: defaultParams('pow', { testNetwork: 1, bits: bitsForLeadingZeros(8) }) }],
  members: [],
  minters: [alice.address],
  allocations: [{ address: alice.address, balance: 1_000_000n }],
};
const exampleParams = paramsAt(exampleGenesis, 0);
export const exampleChainId: Uint8Array = chainIdOf(exampleGenesis);

export const block0 = makeGenesisBlock(exampleGenesis);

type Asked = Partial<Omit<TransactionBody, 'version' | 'sender' | 'chainId' | 'operations'>>;

const operations1: readonly Operation[] = [
  { type: 'put', key: 'greeting', value: toUtf8('hello, world'), contentType: 'text/plain', expectedVersion: null },
  { type: 'put', key: 'bytes', value: Uint8Array.of(0xff, 0, 0x80), contentType: '', expectedVersion: 0 },
  { type: 'get', key: 'greeting' },
  { type: 'get', key: 'nothing' },
];
const operations2: readonly Operation[] = [
  { type: 'put', key: 'gone', value: toUtf8('soon'), contentType: '', expectedVersion: null },
  { type: 'delete', key: 'gone' },
  { type: 'transferKey', key: 'bytes', to: bob.address },
  { type: 'createMoney', to: bob.address, amount: 25n },
  { type: 'transfer', to: bob.address, amount: 500n },
];

/** What the vectors of transactions show and block 1 holds: every operation, every optional field, and one that fails (NOT_OWNER). */
export const exampleTransactions = [
  { name: 'two puts and two gets', sender: alice, ...signed(alice, operations1, { fee: 1_000n }) },
  {
    name: 'an expiry, a memo and the other operations',
    sender: alice,
    ...signed(alice, operations2, { nonce: 1, fee: 24n, expiresAt: 100, memo: toUtf8('memo') }),
  },
  {
    name: 'fails when executed: the key belongs to another account',
    sender: bob,
    ...signed(bob, [{ type: 'delete', key: 'greeting' }], { fee: 1n }),
  },
];

const execution = new BlockExecution({
  genesis: exampleGenesis,
  params: exampleParams,
  height: 1,
  producer: miner.publicKey,
  state: stateAfterGenesis(),
});
export const receipts1 = exampleTransactions.map(({ transaction }) => {
  const added = execution.add(transaction);
  assert(added.ok, 'the example transactions may be in block 1');
  return added.value;
});
const applied1 = execution.finish();

/** The state after block 1. */
export const tree1 = new StateTree();
tree1.update(treeUpdates(genesisChanges(exampleGenesis)));
tree1.update(treeUpdates(applied1.changes));
export const changes1 = applied1.changes;

export const block1: Block = mine({
  version: 1,
  height: 1,
  parent: block0.hash,
  transactionsRoot: merkleRoot(exampleTransactions.map(({ transaction }) => transaction.witnessId)),
  receiptsRoot: applied1.receiptsRoot,
  stateRoot: tree1.root(),
  time: exampleGenesis.time + 10_000,
  bits: exampleParams.bits,
  producer: miner.publicKey,
  extension: new Uint8Array(0),
});

function exampleAccount(name: string): ExampleAccount {
  const secretKey = sha256(toUtf8(name));
  const publicKey = publicKeyOf(secretKey);
  return { name, secretKey, publicKey, address: addressOf(publicKey) };
}

function signed(sender: ExampleAccount, operations: readonly Operation[], asked: Asked) {
  const defaults = { nonce: 0, fee: 0n, expiresAt: null, memo: new Uint8Array(0) };
  const fields = { chainId: exampleChainId, ...defaults, ...asked, operations };
  return { transaction: signTransaction(fields, sender.secretKey) };
}

function stateAfterGenesis(): Overlay {
  const state = new Overlay({ read: () => null });
  for (const change of genesisChanges(exampleGenesis)) state.write(change.stateKey, change.after);
  return state;
}

/** Counts the last bytes of the nonce up until the hash meets the target: some 256 trials. */
function mine(header: Header): Block {
  const target = decodeBits(header.bits);
  assert(target !== null, 'the bits of the example decode');
  const content = contentHash(header);
  const nonce = new Uint8Array(32);
  const counter = new DataView(nonce.buffer);
  while (!hashMeetsTarget(blockHash(content, nonce), target)) counter.setUint32(28, counter.getUint32(28) + 1);
  const signature = sign(producerDigest(exampleChainId, blockHash(content, nonce)), miner.secretKey);
  return { ...seal(header, nonce, signature), transactions: exampleTransactions.map(({ transaction }) => transaction) };
}
