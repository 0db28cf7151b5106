/** How the little node makes a block: it executes what is pending, and finds a nonce for a real header. */
import { type Block, type Header, headerVersion, producerDigest, type SealedHeader, seal } from '../../chain/block.ts';
import { toUtf8 } from '../../chain/bytes.ts';
import { sha256 } from '../../chain/hash.ts';
import { publicKeyOf, sign } from '../../chain/keys.ts';
import { merkleRoot } from '../../chain/merkle.ts';
import { receiptHash } from '../../chain/receipt.ts';
import { decodeBits, hashMeetsTarget } from '../../chain/target.ts';
import type { Transaction } from '../../chain/transaction.ts';
import type { Made } from './little-answers.suite.ts';
import { producerKey, Run, treeOf } from './little-ledger.suite.ts';

export interface Terms {
  readonly chainId: Uint8Array;
  readonly bits: number;
  /** 10 s after the parent unless given. */
  readonly time?: number;
}

/** The block of these transactions on `parent`. */
export function minedOn(parent: Made, transactions: readonly Transaction[], { chainId, bits, time }: Terms): Made {
  const above = parent.block.header;
  const height = above.height + 1;
  const run = new Run(parent.state, height);
  const receipts = transactions.map(transaction => run.apply(transaction));
  const header: Header = {
    version: headerVersion,
    height,
    parent: parent.block.hash,
    transactionsRoot: merkleRoot(transactions.map(({ witnessId }) => witnessId)),
    receiptsRoot: merkleRoot(receipts.map(receiptHash)),
    stateRoot: treeOf(run.state).root(),
    time: time ?? above.time + 10_000,
    bits,
    producer: publicKeyOf(producerKey),
    extension: new Uint8Array(0),
  };
  const block: Block = { ...sealed(header, chainId), transactions };
  return { block, receipts, state: run.state, changes: run.changes };
}

function sealed(header: Header, chainId: Uint8Array): SealedHeader {
  const target = decodeBits(header.bits);
  if (target === null) throw new Error('the bits are no target');
  for (let trial = 0; ; trial++) {
    const nonce = sha256(toUtf8(`${trial}`));
    const unsigned = seal(header, nonce, new Uint8Array(64));
    if (!hashMeetsTarget(unsigned.hash, target)) continue;
    return seal(header, nonce, sign(producerDigest(chainId, unsigned.hash), producerKey));
  }
}
