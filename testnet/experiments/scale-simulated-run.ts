/**
 * One network of the experiment: as many nodes as are wanted, each with an engine of its own, which is told of every block at the moment at
 * which the mesh brings it. A block and a transaction are encoded, signed, decoded and verified once, whoever hears of them: these are
 * functions of the bytes alone, and the same for all. What each node would execute is left out.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { chainIdOf } from '../../chain/genesis.ts';
import { merkleRoot } from '../../chain/merkle.ts';
import { bitsForLeadingZeros } from '../../chain/target.ts';
import { signTransactionWith, type Transaction } from '../../chain/transaction.ts';
import { signatureCheck } from '../../chain/validate.ts';
import { decodeBatch, decodeCompactBlock, encodeBatch, encodeCompactBlock } from '../../daemon/wire.ts';
import type { Chance } from '../sim/chance.ts';
import { SharedVerifier } from '../sim/shared-verifier.ts';
import { schemeOf } from '../sim/signatures.ts';
import { EngineNode, powContext } from './engine-node.ts';
import { numberIn, type Row } from './experiment.ts';
import { GossipMesh } from './gossip-mesh.ts';
import { waitForBlock } from './mining-race.ts';
import { mean } from './statistics.ts';

export const blockMs = 10_000;
export const transactionsPerBlock = 10;
/** Above what comes on average, or the queue would grow without end. */
const blockTransactionsMax = 100;
const bits = 2;
/** What the frame of a gossip message weighs beside its data. */
const frameBytes = 64;
const valueBytes = 64;

interface Sent {
  readonly transaction: Transaction;
  readonly atMs: number;
  readonly origin: number;
  readonly bytes: number;
}

interface Found {
  readonly sealed: SealedHeader;
  readonly atMs: number;
  readonly miner: number;
  readonly bytes: number;
  /** Indices of its transactions. */
  readonly included: readonly number[];
  /** Indices below `horizon` that its chain does not hold. */
  readonly left: readonly number[];
  readonly horizon: number;
}

/** A block on its way; `heard` nodes have it. */
interface Journey {
  readonly found: Found;
  heard: number;
}

export async function runNetwork(cell: Row, chance: Chance): Promise<Row> {
  const network = new Network(numberIn(cell, 'nodes'), chance);
  for (let count = numberIn(cell, 'blocks'); count > 0; count--) await network.findBlock();
  return network.results();
}

class Network {
  readonly #chance: Chance;
  readonly #mesh: GossipMesh;
  readonly #nodes: readonly EngineNode[];
  readonly #context = powContext({ bits: bitsForLeadingZeros(bits), retarget: 'fixed' });
  readonly #scheme = schemeOf('real');
  readonly #verifier = new SharedVerifier(this.#scheme.verify);
  readonly #sent: Sent[] = [];
  readonly #found = new Map<string, Found>();
  readonly #journeys: Journey[] = [];
  readonly #beginMs = this.#context.genesis.time;
  #nowMs = this.#beginMs;
  #nextTransactionMs = this.#beginMs;

  constructor(count: number, chance: Chance) {
    this.#chance = chance;
    this.#mesh = new GossipMesh(count, chance.stream('mesh'));
    this.#nodes = Array.from({ length: count }, (_, node) => new EngineNode(this.#context, node % 256));
  }

  /** Time goes on to the next block that anybody finds. */
  async findBlock(): Promise<void> {
    this.#nowMs += waitForBlock(this.#chance, blockMs);
    await this.#sendUntil(this.#nowMs);
    this.#deliverUntil(this.#nowMs);
    const miner = this.#chance.between(0, this.#nodes.length - 1);
    const node = this.#nodes[miner];
    if (node === undefined) return;
    const parent = this.#found.get(node.headKey);
    const horizon = this.#sent.length;
    const waiting = [...(parent?.left ?? []), ...range(parent?.horizon ?? 0, horizon)];
    const included = waiting.filter(index => this.#hasHeard(miner, index)).slice(0, blockTransactionsMax);
    const taken = new Set(included);
    const ids = included.flatMap(index => this.#sent[index]?.transaction.witnessId ?? []);
    const sealed = node.mine(this.#nowMs, this.#chance.bytes(32), merkleRoot(ids));
    const { decoded, bytes } = roundTrip(sealed, ids);
    const left = waiting.filter(index => !taken.has(index));
    const found = { sealed: decoded, atMs: this.#nowMs, miner, bytes, included, left, horizon };
    this.#found.set(decoded.hashHex, found);
    this.#journeys.push({ found, heard: 0 });
  }

  results(): Row {
    this.#deliverUntil(Number.POSITIVE_INFINITY);
    const chain = new Set(this.#nodes[0]?.chainKeys() ?? []);
    const blocks = [...this.#found.values()];
    const canonical = blocks.filter(({ sealed }) => chain.has(sealed.hashHex));
    const waits = canonical.flatMap(({ included, atMs }) =>
      included.map(index => atMs - (this.#sent[index]?.atMs ?? atMs)),
    );
    const { packetsPerMessage: packets, nodes } = this.#mesh;
    const timeTo = (share: number) => mean(blocks.map(({ miner }) => this.#timeTo(miner, Math.ceil(share * nodes))));
    return {
      packets,
      kilobytesPerBlock: (packets * mean(blocks.map(({ bytes }) => bytes))) / 1_000,
      kilobytesPerTransaction: (packets * mean(this.#sent.map(({ bytes }) => bytes))) / 1_000,
      half: timeTo(0.5),
      most: timeTo(0.95),
      orphanRate: 1 - canonical.length / blocks.length,
      inclusionMs: median(waits),
      transactions: waits.length,
      heads: new Set(this.#nodes.map(({ headKey }) => headKey)).size,
    };
  }

  /** Until so many nodes have a block of this miner. */
  #timeTo(miner: number, count: number): number {
    const { delaysMs, order } = this.#mesh.spreadFrom(miner);
    return delaysMs[order[count - 1] ?? 0] ?? 0;
  }

  #hasHeard(node: number, index: number): boolean {
    const sent = this.#sent[index];
    if (sent === undefined) return false;
    return sent.atMs + (this.#mesh.spreadFrom(sent.origin).delaysMs[node] ?? 0) <= this.#nowMs;
  }

  /** Clients send at any node, whatever the network does. */
  async #sendUntil(untilMs: number): Promise<void> {
    while (this.#nextTransactionMs <= untilMs) {
      const origin = this.#chance.between(0, this.#nodes.length - 1);
      const message = encodeBatch([this.#sign()]);
      const decoded = decodeBatch(message);
      const [transaction] = decoded.ok ? decoded.value : [];
      if (transaction === undefined) throw new Error('a transaction that does not decode');
      const [isValid] = await this.#verifier.verify([signatureCheck(transaction)]);
      if (!isValid) throw new Error('a transaction that does not verify');
      this.#sent.push({ transaction, atMs: this.#nextTransactionMs, origin, bytes: frameBytes + message.length });
      this.#nextTransactionMs += waitForBlock(this.#chance, blockMs / transactionsPerBlock);
    }
  }

  #sign(): Transaction {
    const { genesis } = this.#context;
    const operation = {
      type: 'put' as const,
      key: `key ${this.#sent.length}`,
      value: this.#chance.bytes(valueBytes),
      contentType: '',
      expectedVersion: null,
    };
    const fields = { chainId: chainIdOf(genesis), nonce: this.#sent.length, fee: 0n, expiresAt: null };
    const signer = this.#scheme.signerOf(new Uint8Array(32).fill(1));
    return signTransactionWith({ ...fields, memo: new Uint8Array(0), operations: [operation] }, signer);
  }

  /** Blocks reach the nodes in the order of time; one that reached all has ended its journey. */
  #deliverUntil(untilMs: number): void {
    for (;;) {
      let next: Journey | null = null;
      let nextMs = untilMs;
      for (const journey of this.#journeys) {
        const atMs = this.#arrivalMs(journey);
        if (atMs > nextMs || (atMs === nextMs && next !== null)) continue;
        next = journey;
        nextMs = atMs;
      }
      if (next === null) return;
      const { sealed, miner } = next.found;
      const node = this.#mesh.spreadFrom(miner).order[next.heard] ?? 0;
      this.#nodes[node]?.deliver([sealed], nextMs);
      next.heard += 1;
      if (next.heard === this.#nodes.length) this.#journeys.splice(this.#journeys.indexOf(next), 1);
    }
  }

  #arrivalMs({ found, heard }: Journey): number {
    return found.atMs + this.#timeTo(found.miner, heard + 1);
  }
}

/** What everybody decodes, once. */
function roundTrip(sealed: SealedHeader, witnessIds: readonly Uint8Array[]) {
  const message = encodeCompactBlock(sealed, witnessIds);
  const decoded = decodeCompactBlock(message);
  if (!decoded.ok) throw new Error(`a block that does not decode: ${decoded.error.detail}`);
  return { decoded: decoded.value.sealed, bytes: frameBytes + message.length };
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
