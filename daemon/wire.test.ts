/** Properties and limits of the wire messages; their fixed cases, good and refused, are the vectors (testnet/vectors/network.ts). */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headers as anyHeader, transactions as anyTransaction } from '../chain/arbitraries.suite.ts';
import { blockBytesCap, blockTransactionsCap, seal } from '../chain/block.ts';
import { toHex } from '../chain/bytes.ts';
import { encodeArrayHead } from '../chain/codec.ts';
import { membersMax } from '../chain/genesis.ts';
import { alice, put } from '../chain/ledger-fixture.suite.ts';
import { Branch, chainId, signed } from './chain-fixture.suite.ts';
import { networkLimits } from './network/limits.ts';
import {
  decodeBatch,
  decodeBodies,
  decodeCompactBlock,
  decodeHeaders,
  decodeRequest,
  decodeStatus,
  decodeTransactions,
  encodeBatch,
  encodeBodies,
  encodeCompactBlock,
  encodeHeaders,
  encodeRequest,
  encodeStatus,
  encodeTransactions,
  type SyncRequest,
  wireLimits,
  workFromBytes,
  workToBytes,
} from './wire.ts';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const transactions = [0, 1, 2].map(nonce => signed(alice, [put(`k${nonce}`, 'v')], { nonce }));
const branch = new Branch();
branch.grow(transactions);
branch.extend(2);

const status = {
  chainId,
  engine: 'pow',
  headHash: branch.tip.hash,
  headHeight: 3,
  work: Uint8Array.of(1, 0),
  finalHeight: 0,
  blocksFrom: 7,
  addresses: ['/ip4/127.0.0.1/tcp/1/p2p/a'],
  memberProof: null,
};

const decoders = {
  decodeStatus,
  decodeBatch,
  decodeCompactBlock,
  decodeRequest,
  decodeHeaders,
  decodeBodies,
  decodeTransactions,
};

const samples: Readonly<Record<keyof typeof decoders, Uint8Array>> = {
  decodeStatus: encodeStatus(status),
  decodeBatch: encodeBatch(transactions),
  decodeCompactBlock: encodeCompactBlock(branch.tip, [branch.tip.hash]),
  decodeRequest: encodeRequest({ type: 'getHeaders', locator: branch.hashes, limit: 10 }),
  decodeHeaders: encodeHeaders(branch.blocks),
  decodeBodies: encodeBodies([Uint8Array.of(0x80), null]),
  decodeTransactions: encodeTransactions([...transactions, null]),
};

describe('each wire message', () => {
  it.each(Object.keys(samples) as (keyof typeof samples)[])(
    'C17: %s refuses a byte more or less than the message',
    name => {
      const sample = samples[name];
      expect(decoders[name](sample)).toMatchObject({ ok: true });
      expect(decoders[name](sample.subarray(0, -1))).toMatchObject({ ok: false });
      expect(decoders[name](Uint8Array.of(...sample, 0))).toMatchObject({ ok: false });
      expect(decoders[name](new Uint8Array(0))).toMatchObject({ ok: false });
    },
  );

  it.each(Object.keys(samples) as (keyof typeof samples)[])('%s answers garbage with a code and never throws', name => {
    const decode = decoders[name];
    const sample = samples[name];
    const spoilt = fc.tuple(fc.nat(sample.length - 1), fc.integer({ min: 1, max: 255 })).map(([place, change]) => {
      const copy = sample.slice();
      copy[place] = (copy[place] ?? 0) ^ change;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), spoilt), bytes => {
        const decoded = decode(bytes);
        if (!decoded.ok) expect(decoded.error.code).toMatch(/^[A-Z_]+$/);
      }),
    );
  });
});

/** Random messages of a kind, each given to a check as a value and as what its bytes decode to. */
const roundTrips: Readonly<Record<string, () => void>> = {
  status: () =>
    comesBack(
      fc.record({
        chainId: bytes32,
        engine: fc.string({ minLength: 1, maxLength: 32 }),
        headHash: bytes32,
        headHeight: fc.maxSafeNat(),
        work: fc.uint8Array({ maxLength: 32 }),
        finalHeight: fc.maxSafeNat(),
        blocksFrom: fc.maxSafeNat(),
        addresses: fc.array(fc.string({ minLength: 1, maxLength: 100 }), { maxLength: 16 }),
        memberProof: fc.option(
          fc.record({ member: fc.nat(membersMax - 1), signature: fc.uint8Array({ minLength: 64, maxLength: 64 }) }),
        ),
      }),
      value => [decodeStatus(encodeStatus(value)), { version: 1, ...value }],
    ),
  batch: () => comesBack(someTransactions, value => [decodeBatch(encodeBatch(value)), value]),
  'compact block': () =>
    comesBack(fc.tuple(anySealed, fc.array(bytes32, { maxLength: 5 })), ([sealed, witnessIds]) => [
      decodeCompactBlock(encodeCompactBlock(sealed, witnessIds)),
      { sealed, witnessIds },
    ]),
  'answer of headers': () =>
    comesBack(fc.array(anySealed, { maxLength: 3 }), value => [decodeHeaders(encodeHeaders(value)), value]),
  'answer of bodies': () =>
    comesBack(fc.array(fc.option(fc.uint8Array({ minLength: 1, maxLength: 99 })), { maxLength: 16 }), value => [
      decodeBodies(encodeBodies(value)),
      value,
    ]),
  'answer of transactions': () =>
    comesBack(fc.array(fc.option(anyTransaction), { maxLength: 3 }), value => [
      decodeTransactions(encodeTransactions(value)),
      value,
    ]),
};
const someTransactions = fc.array(anyTransaction, { maxLength: 3 });
const anySealed = fc
  .tuple(anyHeader, bytes32, fc.uint8Array({ minLength: 64, maxLength: 64 }))
  .map(([header, nonce, signature]) => seal(header, nonce, signature));

function comesBack<T>(
  values: fc.Arbitrary<T>,
  trip: (value: T) => readonly [decoded: unknown, expected: unknown],
): void {
  fc.assert(
    fc.property(values, value => {
      const [decoded, expected] = trip(value);
      expect(decoded).toEqual({ ok: true, value: expected });
    }),
    { numRuns: 20 },
  );
}

it.each(Object.entries(roundTrips))('any %s comes back as it was sent', (_, check) => check());

describe('packed bytes', () => {
  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['brotli', brotliCompressSync],
  ])('P7: of %s are garbage to every decoder: nothing on the wire is compressed', (_, pack) => {
    for (const name of Object.keys(samples) as (keyof typeof samples)[]) {
      expect(decoders[name](new Uint8Array(pack(samples[name])))).toMatchObject({ ok: false });
    }
  });
});

describe('a status', () => {
  it('names at most 16 addresses', () => {
    const many = Array.from({ length: 40 }, (_, index) => `/ip4/127.0.0.1/tcp/${index}`);
    const decoded = decodeStatus(encodeStatus({ ...status, addresses: many }));
    expect(decoded.ok && decoded.value.addresses).toEqual(many.slice(0, 16));
  });
});

describe('work', () => {
  it('comes back from its bytes, which begin with no zero', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), work => {
        const bytes = workToBytes(work);
        expect(workFromBytes(bytes)).toBe(work);
        expect(bytes[0]).not.toBe(0);
      }),
    );
  });
});

describe('a batch of transactions', () => {
  it('comes back with the same ids', () => {
    const decoded = decodeBatch(encodeBatch(transactions));
    expect(decoded.ok && decoded.value.map(({ idHex }) => idHex)).toEqual(transactions.map(({ idHex }) => idHex));
  });

  it('is refused above 1,000 transactions', () => {
    const [first] = transactions;
    if (first === undefined) throw new Error('there are transactions');
    const encoded = encodeBatch(new Array(wireLimits.batchTransactionsMax + 1).fill(first));
    expect(decodeBatch(encoded)).toMatchObject({ ok: false, error: { code: 'TOO_LARGE' } });
  });

  it('is refused above 256 KiB', () => {
    const bytes = new Uint8Array(wireLimits.batchBytesMax + 1);
    bytes.set(encodeArrayHead(0));
    expect(decodeBatch(bytes)).toMatchObject({ ok: false, error: { code: 'TOO_LARGE' } });
  });
});

describe('a compact block', () => {
  it('comes back with its hash, which is computed and not believed', () => {
    const ids = transactions.map(({ witnessId }) => witnessId);
    const decoded = decodeCompactBlock(encodeCompactBlock(branch.tip, ids));
    if (!decoded.ok) throw new Error('it decodes');
    expect(decoded.value.sealed.hashHex).toBe(branch.tip.hashHex);
    expect(decoded.value.witnessIds.map(toHex)).toEqual(ids.map(toHex));
  });
});

describe('the messages about the largest block', () => {
  const ids = new Array<Uint8Array>(blockTransactionsCap).fill(branch.tip.hash);

  it('hold as many transactions as fit a block of the shortest ones', () => {
    const shortest = signed(alice, [{ type: 'delete', key: 'k' }], { fee: 0n });
    expect(blockTransactionsCap * shortest.bytes.length).toBeGreaterThanOrEqual(blockBytesCap);
  });

  it('fit what the network carries', () => {
    const { header, nonce, signature } = branch.tip;
    const most = Number.MAX_SAFE_INTEGER;
    const extension = new Uint8Array(256);
    const largest = seal({ ...header, height: most, time: most, bits: 0xffffffff, extension }, nonce, signature);
    const compact = encodeCompactBlock(largest, ids);
    expect(decodeCompactBlock(compact)).toMatchObject({ ok: true });
    expect(compact.length).toBeLessThanOrEqual(networkLimits.gossipBytesMax);
    const request = encodeRequest({ type: 'getTransactions', block: branch.tip.hash, witnessIds: ids });
    expect(decodeRequest(request)).toMatchObject({ ok: true });
    expect(request.length).toBeLessThanOrEqual(networkLimits.requestBytesMax);
  });
});

describe('a sync request', () => {
  it('comes back as it was asked', () => {
    const request: fc.Arbitrary<SyncRequest> = fc.oneof(
      fc.record({
        type: fc.constant('getHeaders' as const),
        locator: fc.array(bytes32, { maxLength: wireLimits.locatorMax }),
        limit: fc.nat(wireLimits.headersMax),
      }),
      fc.record({
        type: fc.constant('getBodies' as const),
        hashes: fc.array(bytes32, { maxLength: wireLimits.bodiesMax }),
      }),
      fc.record({
        type: fc.constant('getTransactions' as const),
        block: bytes32,
        witnessIds: fc.array(bytes32, { maxLength: 50 }),
      }),
    );
    fc.assert(
      fc.property(request, value => {
        expect(decodeRequest(encodeRequest(value))).toEqual({ ok: true, value });
      }),
    );
  });
});
