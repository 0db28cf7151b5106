/** Answers to the sync requests of peers, from what the store holds; every answer is bounded before it is read. */

import type { SealedHeader } from '../chain/block.ts';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { KvchainError, unreachable } from '../chain/errors.ts';
import type { Transaction } from '../chain/transaction.ts';
import type { ChainStore } from './chain-store.ts';
import { decodedBlocksOf } from './decoded-blocks.ts';
import { type ChainRequest, encodeBodies, encodeHeaders, encodeTransactions, wireLimits } from './wire.ts';

/** Headers in one answer, however many are asked for: reading and encoding them is some milliseconds of the main thread. */
const servedHeadersMax = 500;

/** A step of the ledger between two reads may leave headers of two branches: they are read again, at most so often in all. */
const headerReadsMax = 4;

/** Throws KvchainError BAD_MESSAGE for a request that no honest peer sends. */
export async function serve(chain: ChainStore, request: ChainRequest): Promise<Uint8Array> {
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

/**
 * Canonical headers above the first hash of the locator that is canonical here; from block 1 when none is. The first one follows that
 * hash, else an honest asker would take us for a liar; none are answered where the ledger moved at each reading.
 */
async function headersAfter(
  chain: ChainStore,
  locator: readonly Uint8Array[],
  asked: number,
): Promise<readonly SealedHeader[]> {
  const limit = Math.min(asked, servedHeadersMax);
  for (let read = 0; read < headerReadsMax; read++) {
    const { height, hash } = await firstCanonical(chain, locator);
    const headers = await chain.canonicalHeaders(height + 1, limit);
    const [first] = headers;
    if (first === undefined || hash === null || equalBytes(first.header.parent, hash)) return headers;
  }
  return [];
}

/** Block 0, whose hash every asker knows without asking, when nothing of the locator is canonical. */
async function firstCanonical(
  chain: ChainStore,
  locator: readonly Uint8Array[],
): Promise<{ readonly height: number; readonly hash: Uint8Array | null }> {
  for (const hash of locator) {
    const height = await chain.canonicalHeight(hash);
    if (height !== null) return { height, hash };
  }
  return { height: 0, hash: null };
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

/**
 * The transactions with these witnessIds, in that order; null for those that the block does not have. Named once each, they are at most
 * the block's body and a byte for each null, which fits an answer.
 */
async function transactionsOf(
  chain: ChainStore,
  block: Uint8Array,
  witnessIds: readonly Uint8Array[],
): Promise<readonly (Transaction | null)[]> {
  const wanted = witnessIds.map(toHex);
  if (new Set(wanted).size < wanted.length) throw new KvchainError('BAD_MESSAGE', 'a transaction is asked for twice');
  const found = await decodedBlocksOf(chain).body(block);
  return wanted.map(witnessIdHex => found?.byWitness.get(witnessIdHex) ?? null);
}
