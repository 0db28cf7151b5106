/** Answers to the sync requests of peers, from what the store holds; every answer is bounded before it is read. */

import { blockBytesCap, bodyCodec, type SealedHeader } from '../chain/block.ts';
import { toHex } from '../chain/bytes.ts';
import { decodeBytes } from '../chain/codec.ts';
import { assert, unreachable } from '../chain/errors.ts';
import type { Transaction } from '../chain/transaction.ts';
import type { ChainStore } from './chain-store.ts';
import { encodeBodies, encodeHeaders, encodeTransactions, type SyncRequest, wireLimits } from './wire.ts';

export async function serve(chain: ChainStore, request: SyncRequest): Promise<Uint8Array> {
  switch (request.type) {
    case 'getHeaders':
      return encodeHeaders(await headersAfter(chain, request.locator, request.limit));
    case 'getBodies':
      return encodeBodies(await bodies(chain, request.hashes));
    case 'getTransactions':
      return encodeTransactions(await transactionsOf(chain, request.block, request.witnessIds));
    default:
      return unreachable(request);
  }
}

/** Canonical headers above the first hash of the locator that is canonical here; from block 1 when none is. */
async function headersAfter(
  chain: ChainStore,
  locator: readonly Uint8Array[],
  limit: number,
): Promise<readonly SealedHeader[]> {
  for (const hash of locator) {
    const height = await chain.canonicalHeight(hash);
    if (height !== null) return chain.canonicalHeaders(height + 1, limit);
  }
  return chain.canonicalHeaders(1, limit);
}

/** The bodies in the order of `hashes`; the list ends where the next one would not fit, but holds at least one. */
async function bodies(chain: ChainStore, hashes: readonly Uint8Array[]): Promise<readonly (Uint8Array | null)[]> {
  const found: (Uint8Array | null)[] = [];
  let total = 0;
  for (const hash of hashes) {
    const body = await chain.bodyBytes(hash);
    total += body?.length ?? 0;
    if (found.length > 0 && total > wireLimits.answerBytesMax - 65_536) break;
    found.push(body);
  }
  return found;
}

async function transactionsOf(chain: ChainStore, block: Uint8Array, witnessIds: readonly Uint8Array[]) {
  const bytes = await chain.bodyBytes(block);
  if (bytes === null) return witnessIds.map(() => null);
  const body = decodeBytes(bodyCodec, bytes, blockBytesCap);
  assert(body.ok, 'a stored body decodes');
  return pick(body.value, witnessIds);
}

/** The transactions with these witnessIds, in that order; null for those that the block does not have. */
function pick(
  transactions: readonly Transaction[],
  witnessIds: readonly Uint8Array[],
): readonly (Transaction | null)[] {
  const byWitness = new Map(transactions.map(transaction => [transaction.witnessIdHex, transaction]));
  return witnessIds.map(witnessId => byWitness.get(toHex(witnessId)) ?? null);
}
