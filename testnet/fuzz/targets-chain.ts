/** The decoders of chain/: what blocks, databases and files of the protocol are made of. */
import {
  blockBytesCap,
  bodyCodec,
  decodeBlock,
  encodeBlock,
  headerCodec,
  sealedHeaderBytesMax,
  sealedHeaderCodec,
} from '../../chain/block.ts';
import { concat, fromUtf8, toUtf8 } from '../../chain/bytes.ts';
import { type Codec, decodeBytes, encode } from '../../chain/codec.ts';
import type { Result } from '../../chain/errors.ts';
import { formatGenesis, parseGenesis } from '../../chain/genesis-file.ts';
import { formatAddress, parseAddress } from '../../chain/keys.ts';
import { rows } from '../../chain/layout.ts';
import { operationCodec } from '../../chain/operation.ts';
import { verifyProofText } from '../../chain/proof.ts';
import { receiptCodec } from '../../chain/receipt.ts';
import type { Stored } from '../../chain/row.ts';
import { accountCodec, keyRecordCodec, recordBytesMax, supplyCodec } from '../../chain/state.ts';
import { decodeStateProof, encodeStateProof } from '../../chain/state-tree-proof.ts';
import { decodeTransaction, transactionBytesCap } from '../../chain/transaction.ts';
import { hexSeeds, textSeeds } from './seeds.ts';
import { accepted, type Outcome, refused, type Target } from './target.ts';

const testCases = 1_000;
const exact = { shape: 'cbor', encoding: 'exact', testCases } as const;
const records = hexSeeds('state', 'hex', holder => 'record' in holder);

export const chainTargets: readonly Target[] = [
  {
    ...exact,
    name: 'transaction',
    seeds: hexSeeds('transaction'),
    run: bytes => outcomeOf(decodeTransaction(bytes), transaction => transaction.bytes),
  },
  {
    ...exact,
    name: 'block',
    seeds: hexSeeds('block'),
    run: bytes => outcomeOf(decodeBlock(bytes), encodeBlock),
  },
  codecTarget('body', bodyCodec, {
    seeds: hexSeeds('network', 'hex', ({ kind }) => kind === 'batch'),
    bytesMax: blockBytesCap,
  }),
  codecTarget('header', headerCodec, { seeds: hexSeeds('header', 'headerHex'), bytesMax: sealedHeaderBytesMax }),
  codecTarget('sealed-header', sealedHeaderCodec, { seeds: hexSeeds('header'), bytesMax: sealedHeaderBytesMax }),
  codecTarget('operation', operationCodec, { seeds: hexSeeds('operation'), bytesMax: transactionBytesCap }),
  codecTarget('receipt', receiptCodec, { seeds: hexSeeds('receipt'), bytesMax: transactionBytesCap }),
  codecTarget('key-record', keyRecordCodec, { seeds: records, bytesMax: recordBytesMax }),
  codecTarget('account-record', accountCodec, { seeds: records, bytesMax: recordBytesMax }),
  codecTarget('supply-record', supplyCodec, { seeds: records, bytesMax: recordBytesMax }),
  {
    name: 'state-proof',
    shape: 'bytes',
    encoding: 'exact',
    testCases,
    seeds: hexSeeds('state', 'hex', holder => 'siblings' in holder),
    run: bytes => {
      const proof = decodeStateProof(bytes);
      return proof === null ? refused('not a proof') : accepted(encodeStateProof(proof));
    },
  },
  storedRows(),
  textTarget('genesis-file', textSeeds('genesis', 'file'), text =>
    outcomeOf(parseGenesis(text), genesis => toUtf8(formatGenesis(genesis))),
  ),
  textTarget('proof-file', textSeeds('proof', 'file'), text => outcomeOf(verifyProofText(text), () => null)),
  {
    ...textTarget('account-address', textSeeds('keys', 'addressText'), text =>
      outcomeOf(parseAddress(text, 'kv'), address => toUtf8(formatAddress(address, 'kv'))),
    ),
    shape: 'text',
    seeds: [...textSeeds('keys', 'addressText'), ...textSeeds('keys', 'address')],
  },
];

/** The outcome of a decoder that gives a result. */
export function outcomeOf<T>(result: Result<T>, encodeAgain: (value: T) => Uint8Array | null): Outcome {
  return result.ok ? accepted(encodeAgain(result.value)) : refused(`${result.error.code} ${result.error.detail}`);
}

function codecTarget<T>(
  name: string,
  codec: Codec<T>,
  { seeds, bytesMax }: { readonly seeds: readonly Uint8Array[]; readonly bytesMax: number },
): Target {
  return {
    ...exact,
    name,
    seeds,
    run: bytes => outcomeOf(decodeBytes(codec, bytes, bytesMax), value => encode(codec, value)),
  };
}

/** A target whose decoder takes text, mostly JSON; bytes that are no UTF-8 never reach it. */
export function textTarget(name: string, seeds: readonly Uint8Array[], run: (text: string) => Outcome): Target {
  return {
    name,
    shape: 'json',
    encoding: 'settled',
    testCases: 500,
    seeds,
    run: bytes => {
      const text = fromUtf8(bytes);
      return text === null ? refused('not UTF-8') : run(text);
    },
  };
}

/** Places and values of every kind of row of the database; the first byte says which, and what stands there decodes or is null. */
function storedRows(): Target {
  const kinds = Object.values(rows).flatMap(({ place, value }) => [readerOf(place), readerOf(value)]);
  const contents = [...records, ...hexSeeds('block'), ...hexSeeds('header'), ...hexSeeds('receipt')];
  return {
    ...exact,
    name: 'stored-rows',
    seeds: kinds.flatMap((_, kind) => contents.slice(0, 12).map(content => concat(Uint8Array.of(kind), content))),
    run: bytes => {
      const [kind = 0] = bytes;
      const encoded = kinds[kind]?.(bytes.subarray(1)) ?? null;
      return encoded === null
        ? refused(`null from kind ${'k'.repeat(kind)}`)
        : accepted(concat(bytes.subarray(0, 1), encoded));
    },
  };
}

function readerOf(stored: Stored<unknown>): (bytes: Uint8Array) => Uint8Array | null {
  return bytes => {
    const value = stored.decode(bytes);
    return value === null ? null : stored.encode(value);
  };
}
