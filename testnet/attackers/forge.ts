/** How attackers make blocks: a header of their own wish, its work done at once, and the answers to who asks for what is in it. */
import {
  type Block,
  blockHash,
  contentHash,
  encodeBody,
  type Header,
  producerDigest,
  seal,
} from '../../chain/block.ts';
import { compareBytes, toHex } from '../../chain/bytes.ts';
import { decodeBits, targetToBytes } from '../../chain/target.ts';
import type { Signer, Transaction } from '../../chain/transaction.ts';
import { decodeRequest, encodeBodies, encodeCompactBlock, encodeTransactions } from '../../daemon/wire.ts';
import type { Chance } from '../sim/chance.ts';

export interface Draft {
  readonly header: Header;
  readonly transactions: readonly Transaction[];
  readonly work: 'done' | 'missing';
  readonly signature: 'right' | 'wrong';
}

/** Who signs, and for which chain. */
export interface Forge {
  readonly chance: Chance;
  readonly signer: Signer;
  readonly chainId: Uint8Array;
}

export function forge({ chance, signer, chainId }: Forge, { header, transactions, work, signature }: Draft): Block {
  const content = contentHash(header);
  const target = targetToBytes(decodeBits(header.bits) ?? 1n);
  const isWanted = (nonce: Uint8Array) => compareBytes(blockHash(content, nonce), target) <= 0 === (work === 'done');
  let nonce = chance.bytes(32);
  while (!isWanted(nonce)) nonce = chance.bytes(32);
  const { hash } = seal(header, nonce, new Uint8Array(64));
  const signed = signer.sign(signature === 'right' ? producerDigest(chainId, hash) : hash);
  return { ...seal(header, nonce, signed), transactions };
}

/** What an attacker made, and serves to whoever asks for it. */
export class ForgedBlocks {
  readonly #blocks = new Map<string, Block>();

  add(block: Block): void {
    this.#blocks.set(block.hashHex, block);
  }

  /** The gossip message of a forged block. */
  messageOf(block: Block): Uint8Array {
    return encodeCompactBlock(
      block,
      block.transactions.map(({ witnessId }) => witnessId),
    );
  }

  /** The answer to a question for one of them, or null when it is about something else. */
  answer(data: Uint8Array): Uint8Array | null {
    const request = decodeRequest(data);
    if (!request.ok) return null;
    if (request.value.type === 'getBodies') {
      const blocks = request.value.hashes.map(hash => this.#blocks.get(toHex(hash)));
      if (blocks.every(block => block === undefined)) return null;
      return encodeBodies(blocks.map(block => (block ? encodeBody(block.transactions) : null)));
    }
    if (request.value.type !== 'getTransactions') return null;
    const block = this.#blocks.get(toHex(request.value.block));
    if (block === undefined) return null;
    const byId = new Map(block.transactions.map(transaction => [toHex(transaction.witnessId), transaction]));
    return encodeTransactions(request.value.witnessIds.map(id => byId.get(toHex(id)) ?? null));
  }
}
