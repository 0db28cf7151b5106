import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toHex } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { bitsForLeadingZeros } from '../../chain/target.ts';
import { KvchainClient } from './client.ts';
import { decodeFollowed, encodeFollowed, recordBytes } from './followed-header.ts';
import { type HeaderStorage, LightClient } from './light-client.ts';
import { aliceKey, LittleNode, littleGenesis } from './little-node.suite.ts';
import { startUnderTest, type UnderTest } from './server-under-test.suite.ts';

class MemoryFile implements HeaderStorage {
  bytes = new Uint8Array(0);

  bytesRead = 0;

  async size(): Promise<number> {
    return this.bytes.length;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.bytesRead += length;
    return this.bytes.slice(offset, offset + length);
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    expect(offset).toBeLessThanOrEqual(this.bytes.length);
    this.bytes = Uint8Array.from([...this.bytes.subarray(0, offset), ...bytes]);
  }
}

let under: UnderTest;
let client: KvchainClient;
let file: MemoryFile;
beforeEach(async () => {
  under = await startUnderTest();
  client = new KvchainClient({ url: under.server.url, signer: { secretKey: aliceKey } });
  file = new MemoryFile();
});
afterEach(() => under.close());

function mine(blocks: number): void {
  for (let left = blocks; left > 0; left--) under.node.mine();
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    caught => caught,
  );
  return error instanceof KvchainError ? error.code : 'none';
}

test('follows from the genesis to the head, and on from there', async () => {
  mine(5);
  const light = await LightClient.open(under.node.genesis, file);
  expect(light.tip.height).toBe(0);
  expect(toHex((await light.follow(client)).hash)).toBe(under.node.status().head.hashHex);
  mine(3);
  const seen: number[] = [];
  await light.follow(client, { onProgress: ({ height }) => seen.push(height) });
  expect(light.tip.height).toBe(8);
  expect(seen).toEqual([8]);
});

test('goes on from its file, and from what is whole of a torn one', async () => {
  mine(5);
  await (await LightClient.open(under.node.genesis, file)).follow(client);
  expect((await LightClient.open(under.node.genesis, file)).tip.height).toBe(5);
  file.bytes = file.bytes.slice(0, -1);
  const torn = await LightClient.open(under.node.genesis, file);
  expect(torn.tip.height).toBe(4);
  await torn.follow(client);
  expect((await LightClient.open(under.node.genesis, file)).tip.height).toBe(5);
  file.bytes[file.bytes.length - 50] = (file.bytes[file.bytes.length - 50] ?? 0) ^ 1;
  expect((await LightClient.open(under.node.genesis, file)).tip.height).toBe(4);
});

test('opens at its tip without looking at what lies before, and without the work of any header', async () => {
  mine(40);
  await (await LightClient.open(under.node.genesis, file)).follow(client);
  file.bytesRead = 0;
  expect((await LightClient.open(under.node.genesis, file)).tip.height).toBe(40);
  expect(file.bytesRead).toBeLessThanOrEqual(2 * recordBytes);
});

test('finds damage in the middle when it comes there, and fetches from there on again', async () => {
  await client.put('k', 'v', { wait: 'none' });
  mine(5);
  await (await LightClient.open(under.node.genesis, file)).follow(client);
  const whole = file.bytes.slice();
  file.bytes[2 * recordBytes + 40] = (file.bytes[2 * recordBytes + 40] ?? 0) ^ 1;
  const light = await LightClient.open(under.node.genesis, file);
  expect(light.tip.height).toBe(5);
  const placed = await light.check(await client.proof('k', { height: 3 }));
  expect(placed.ok && placed.value.verdict).toBe('proves against this header');
  expect(light.tip.height).toBe(2);
  await light.follow(client);
  expect(light.tip.height).toBe(5);
  expect(file.bytes).toEqual(whole);
});

test('begins anew where the file was written by another version', async () => {
  mine(2);
  file.bytes = new Uint8Array(1_000).fill(7);
  const light = await LightClient.open(under.node.genesis, file);
  expect([light.tip.height, file.bytes.length]).toEqual([0, 0]);
  await light.follow(client);
  expect((await LightClient.open(under.node.genesis, file)).tip.height).toBe(2);
});

test('a record is known again at its height alone, and only as it was written', () => {
  const followed = {
    height: 7,
    time: 1_700_000_000_123,
    hash: new Uint8Array(32).fill(9),
    work: 2n ** 255n + 5n,
    steps: 12,
  };
  const record = encodeFollowed(followed);
  expect(record).toHaveLength(recordBytes);
  expect(decodeFollowed(record, 7)).toEqual(followed);
  expect(decodeFollowed(record, 8)).toBeNull();
  expect(decodeFollowed(record.subarray(1), 7)).toBeNull();
  for (let place = 0; place < recordBytes; place++) {
    const changed = record.slice();
    changed[place] = (changed[place] ?? 0) ^ 1;
    expect(decodeFollowed(changed, 7)).toBeNull();
  }
});

test('takes a branch with more work, and leaves one with no more', async () => {
  mine(4);
  const light = await LightClient.open(under.node.genesis, file);
  await light.follow(client);
  const old = toHex(light.tip.hash);
  under.node.undo(2);
  under.node.mine({ time: 1_700_000_200_000 });
  under.node.mine();
  expect(toHex((await light.follow(client)).hash)).toBe(old);
  under.node.mine();
  expect(toHex((await light.follow(client)).hash)).toBe(under.node.status().head.hashHex);
  expect((await LightClient.open(under.node.genesis, file)).tip.height).toBe(5);
});

test('refuses another chain before it takes a header of it', async () => {
  const light = await LightClient.open(littleGenesis({ targetMs: 5_000 }), file);
  expect(await codeOf(light.follow(client))).toBe('WRONG_CHAIN');
  expect(file.bytes).toHaveLength(0);
});

test('refuses headers whose bits are not those of the schedule, or whose time stands still', async () => {
  const light = await LightClient.open(under.node.genesis, file);
  under.node.mine({ bits: bitsForLeadingZeros(3) });
  expect(await codeOf(light.follow(client))).toBe('BAD_BITS');
  under.node.undo(1);
  under.node.mine({ time: under.node.genesis.time });
  expect(await codeOf(light.follow(client))).toBe('BAD_TIME');
  expect(light.tip.height).toBe(0);
});

test('refuses a header that is not what the node says it is', async () => {
  mine(1);
  const liar = new KvchainClient({
    url: under.server.url,
    fetch: async (input, init) => {
      const text = await (await fetch(input, init)).text();
      return new Response(text.replaceAll('"time":1700000010000', '"time":1700000010001'));
    },
  });
  const light = await LightClient.open(under.node.genesis, file);
  expect(await codeOf(light.follow(liar))).toBe('BAD_MESSAGE');
});

describe('a proof', () => {
  test('is told to stand on the followed chain only when it does', async () => {
    await client.put('k', 'v', { wait: 'none' });
    mine(2);
    const proof = await client.proof('k', { height: 1 });
    const light = await LightClient.open(under.node.genesis, file);
    const before = await light.check(proof);
    expect(before.ok && [before.value.verdict, before.value.confirmations]).toEqual(['proves against this header', 0]);
    await light.follow(client);
    const after = await light.check(proof);
    expect(after.ok && [after.value.verdict, after.value.confirmations]).toEqual(['header on the followed chain', 2]);
  });

  test('that was changed, or is of another chain, is refused', async () => {
    await client.put('k', 'v', { wait: 'none' });
    mine(1);
    const light = await LightClient.open(under.node.genesis, file);
    const proof = await client.proof('k');
    const changed = await light.check({ ...proof, claim: { ...proof.claim, value: 'w' } });
    const foreign = await light.check({ ...proof, chainId: '0'.repeat(64) });
    expect([changed.ok ? null : changed.error.code, foreign.ok ? null : foreign.error.code]).toEqual([
      'NOT_VERIFIED',
      'WRONG_CHAIN',
    ]);
  });
});

test('a chain of another kind of engine is not followed', async () => {
  const bft = { ...new LittleNode().genesis, engine: 'bft' as const };
  expect(await codeOf(LightClient.open(bft, file))).toBe('FINALITY_UNAVAILABLE');
});
