import { describe, expect, it } from 'vitest';
import { blockTransactionsCap, encodeBody } from '../chain/block.ts';
import { toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { actor, put } from '../chain/ledger-fixture.suite.ts';
import { Branch, openLedger, rival, signed, storeBlocks, switchBetween, WatchedStore } from './chain-fixture.suite.ts';
import { openNode } from './node-fixture.suite.ts';
import { serve } from './sync-server.ts';
import { type ChainRequest, decodeBodies, decodeHeaders, decodeTransactions, wireLimits } from './wire.ts';

/** A chain of five blocks, the second with three transactions, and a branch beside it whose bodies are stored too. */
async function served() {
  const branch = new Branch();
  branch.grow();
  const writes = ['a', 'b', 'c'].map(name => signed(actor(name), [put(name, 'v')]));
  branch.grow(writes);
  branch.extend(3);
  const side = branch.fork(3);
  side.extend(1, { producer: rival });
  const { chain, writer } = await openLedger();
  await storeBlocks(chain, [...branch.blocks, side.tip]);
  await writer.switchTo(switchBetween(new Branch(), branch, 0));
  return { chain, branch, side, writes };
}

const unknown = new Uint8Array(32).fill(0xee);

describe('a request for headers', () => {
  const ask = async (locatorOf: (at: Awaited<ReturnType<typeof served>>) => readonly Uint8Array[], limit = 100) => {
    const at = await served();
    const answer = decodeHeaders(await serve(at.chain, { type: 'getHeaders', locator: locatorOf(at), limit }));
    return answer.ok ? answer.value.map(({ header }) => header.height) : answer;
  };

  it('is answered with what follows the first hash that is canonical here', async () => {
    expect(await ask(({ branch }) => [unknown, ...branch.hashes.slice(2, 3), ...branch.hashes.slice(0, 1)])).toEqual([
      4, 5,
    ]);
  });

  it('passes over a hash that is stored but not canonical', async () => {
    expect(await ask(({ side, branch }) => [side.tip.hash, ...branch.hashes.slice(0, 1)])).toEqual([2, 3, 4, 5]);
  });

  it('is answered from block 1 when nothing of the locator is known', async () => {
    expect(await ask(() => [unknown])).toEqual([1, 2, 3, 4, 5]);
    expect(await ask(() => [])).toEqual([1, 2, 3, 4, 5]);
  });

  it('P10: is answered with at most as many as were asked for, and with none at the head', async () => {
    expect(await ask(() => [], 2)).toEqual([1, 2]);
    expect(await ask(() => [], 0)).toEqual([]);
    expect(await ask(({ branch }) => [branch.tip.hash])).toEqual([]);
  });
});

describe('a request for headers while the ledger moves to another branch', () => {
  /** The ledger moves from the branch to its side, or back, whenever headers are to be read, at most `moves` times. */
  async function moving(moves: number) {
    const branch = new Branch();
    branch.extend(5);
    const side = branch.fork(3);
    side.extend(3, { producer: rival });
    const store = new WatchedStore();
    const { chain, writer } = await openLedger(store);
    await storeBlocks(chain, [...branch.blocks, ...side.blocks.slice(3)]);
    await writer.switchTo(switchBetween(new Branch(), branch, 0));
    let [from, to] = [branch, side];
    let left = moves;
    const move = async () => {
      if (left-- <= 0) return;
      store.beforeReadMany = async () => {};
      await writer.switchTo(switchBetween(from, to, 3));
      [from, to] = [to, from];
      store.beforeReadMany = move;
    };
    store.beforeReadMany = move;
    const ask = async (locator: readonly (Uint8Array | undefined)[]) => {
      const known = locator.filter(hash => hash !== undefined);
      const answer = decodeHeaders(await serve(chain, { type: 'getHeaders', locator: known, limit: 100 }));
      return answer.ok && answer.value.map(({ hashHex }) => hashHex);
    };
    return { branch, side, ask, movesLeft: () => left };
  }

  it('is answered with headers that follow the locator, of the branch that it moved to', async () => {
    const { branch, side, ask } = await moving(1);
    expect(await ask([branch.hashes[3], branch.hashes[2]])).toEqual(side.hashes.slice(3).map(toHex));
  });

  it('is answered with none when it moves each time, after some readings', async () => {
    const { branch, side, ask, movesLeft } = await moving(100);
    expect(await ask([branch.hashes[3], side.hashes[3]])).toEqual([]);
    expect(movesLeft()).toBeGreaterThan(80);
  });
});

describe('a request for bodies', () => {
  it('is answered in its order, with null for what is not here, canonical or not', async () => {
    const { chain, branch, side } = await served();
    const second = branch.blocks[1];
    if (second === undefined) throw new Error('there is a second block');
    const hashes = [side.tip.hash, unknown, second.hash];
    const answer = decodeBodies(await serve(chain, { type: 'getBodies', hashes }));
    if (!answer.ok) throw new Error('it decodes');
    expect(answer.value.map(body => body && toHex(body))).toEqual(['80', null, toHex(encodeBody(second.transactions))]);
  });

  it('P10: is cut where the answer would grow too large, behind one body at least', async () => {
    const branch = new Branch();
    const senders = Array.from({ length: 30 }, (_, index) => actor(`sender ${index}`));
    const large = (nonce: number) =>
      senders.map(sender => signed(sender, [put(`${sender.address[0]}`, 'x'.repeat(65_000))], { nonce }));
    for (let nonce = 0; nonce < 3; nonce++) branch.grow(large(nonce));
    const { chain } = await openLedger();
    await storeBlocks(chain, branch.blocks);
    const bytes = await serve(chain, { type: 'getBodies', hashes: branch.hashes });
    expect(bytes.length).toBeLessThanOrEqual(wireLimits.answerBytesMax);
    const answer = decodeBodies(bytes);
    expect(answer.ok && answer.value.length).toBe(2);
  });
});

describe('a request for transactions', () => {
  const ask = async (requestOf: (at: Awaited<ReturnType<typeof served>>) => ChainRequest) => {
    const at = await served();
    const answer = decodeTransactions(await serve(at.chain, requestOf(at)));
    return answer.ok ? answer.value.map(transaction => transaction?.idHex ?? null) : answer;
  };

  it('is answered in its order, with null for what the block does not have', async () => {
    const { writes } = await served();
    const [a, , c] = writes;
    if (a === undefined || c === undefined) throw new Error('there are three');
    const witnessIds = [c.witnessId, unknown, a.witnessId];
    const asked = await ask(({ branch }) => ({
      type: 'getTransactions',
      block: branch.hashes[1] ?? unknown,
      witnessIds,
    }));
    expect(asked).toEqual([c.idHex, null, a.idHex]);
  });

  it('of an unknown block is answered with nulls', async () => {
    expect(await ask(() => ({ type: 'getTransactions', block: unknown, witnessIds: [unknown] }))).toEqual([null]);
  });

  it('P10: that names one of them twice is refused, whether the block is here or not', async () => {
    const { chain, branch, writes } = await served();
    const witnessId = writes[0]?.witnessId ?? unknown;
    for (const block of [branch.hashes[1] ?? unknown, unknown]) {
      const refused = serve(chain, { type: 'getTransactions', block, witnessIds: [witnessId, unknown, witnessId] });
      await expect(refused).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
    }
  });

  it('fits one answer, however many are asked for', async () => {
    const large = Array.from({ length: 64 }, (_, index) =>
      signed(actor('sender'), [put('k', 'x'.repeat(65_000))], { nonce: index }),
    );
    const block = { ...new Branch().make(), transactions: large };
    const { chain } = await openLedger();
    await storeBlocks(chain, [block]);
    const others = Array.from({ length: blockTransactionsCap - large.length }, (_, index) => {
      const id = new Uint8Array(32);
      new DataView(id.buffer).setUint32(0, index);
      return id;
    });
    const witnessIds = [...large.map(({ witnessId }) => witnessId), ...others];
    const bytes = await serve(chain, { type: 'getTransactions', block: block.hash, witnessIds });
    expect(bytes.length).toBeGreaterThan(encodeBody(large).length);
    expect(bytes.length).toBeLessThanOrEqual(wireLimits.answerBytesMax);
  });

  it('reads and decodes a block once for many requests, and forgets all but the newest few', async () => {
    const branch = new Branch();
    for (let nonce = 0; nonce < 5; nonce++) branch.grow([signed(actor('a'), [put('k', `${nonce}`)], { nonce })]);
    const store = new WatchedStore();
    const { chain } = await openLedger(store);
    await storeBlocks(chain, branch.blocks);
    const reads: string[] = [];
    store.beforeRead = async key => void reads.push(toHex(key));
    const askFor = async (index: number) => {
      const block = branch.blocks[index];
      const witnessIds = block?.transactions.map(({ witnessId }) => witnessId) ?? [];
      const request: ChainRequest = { type: 'getTransactions', block: block?.hash ?? unknown, witnessIds };
      const answer = decodeTransactions(await serve(chain, request));
      expect(answer.ok && answer.value[0]?.idHex).toBe(block?.transactions[0]?.idHex);
    };
    for (const index of [0, 0, 1, 2, 3, 0, 3]) await askFor(index);
    expect(reads).toHaveLength(4);
    await askFor(4);
    await askFor(0);
    expect(reads).toHaveLength(6);
  });
});

it('a request that does not decode costs its sender BAD_MESSAGE', async () => {
  const { network } = await openNode();
  const refused = network.handlers.onRequest('peer', Uint8Array.of(0x82, 0x09, 0x80));
  await expect(refused).rejects.toThrow(KvchainError);
  await expect(network.handlers.onRequest('peer', Uint8Array.of(0xff))).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
});
