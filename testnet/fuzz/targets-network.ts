/** The decoders of what peers send: status, gossip, requests with their answers, the peer exchange, and the frames around all of it. */
import { concat, toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { parseAddress } from '../../daemon/network/addresses.ts';
import { Frames } from '../../daemon/network/frames.ts';
import {
  decodeAnswer,
  decodeExchangeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeExchangeAnswer,
  encodeQuestion,
} from '../../daemon/network/wire.ts';
import { decodeOffers, decodeParts, encodeOffers, encodeParts } from '../../daemon/snapshot-wire.ts';
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
} from '../../daemon/wire.ts';
import { hexSeeds } from './seeds.ts';
import { accepted, type Outcome, refused, type Target } from './target.ts';
import { outcomeOf, textTarget } from './targets-chain.ts';

export const networkTargets: readonly Target[] = [
  message('status', bytes => outcomeOf(decodeStatus(bytes), encodeStatus)),
  message('batch', bytes => outcomeOf(decodeBatch(bytes), encodeBatch)),
  message('compactBlock', bytes =>
    outcomeOf(decodeCompactBlock(bytes), ({ sealed, witnessIds }) => encodeCompactBlock(sealed, witnessIds)),
  ),
  message('request', bytes => outcomeOf(decodeRequest(bytes), encodeRequest)),
  message('headers', bytes => outcomeOf(decodeHeaders(bytes), encodeHeaders)),
  message('bodies', bytes => outcomeOf(decodeBodies(bytes), encodeBodies)),
  message('transactions', bytes => outcomeOf(decodeTransactions(bytes), encodeTransactions)),
  message('offers', bytes => outcomeOf(decodeOffers(bytes), encodeOffers)),
  message('parts', bytes => outcomeOf(decodeParts(bytes), encodeParts)),
  // A refusal's sentence is cut when it is written, so a longer one is not written again as it came.
  { ...message('answer', bytes => outcomeOf(decodeAnswer(bytes), encodeAnswer)), encoding: 'settled' },
  message('exchangeQuestion', bytes => outcomeOf(decodeQuestion(bytes), encodeQuestion)),
  message('exchangeAnswer', bytes => outcomeOf(decodeExchangeAnswer(bytes), encodeExchangeAnswer)),
  {
    ...textTarget('peer-address', addressSeeds(), text => {
      const address = parseAddress(text);
      return address === null ? refused('null') : accepted(toUtf8(address.text));
    }),
    shape: 'text',
  },
  { name: 'frames', shape: 'bytes', encoding: 'settled', testCases: 300, seeds: frameSeeds(), run: runFrames },
];

/** `kind` as the vectors call it. */
function message(kind: string, run: Target['run']): Target {
  const name = kind.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
  const seeds = hexSeeds('network', 'hex', holder => holder.kind === kind);
  return { name, shape: 'cbor', encoding: 'exact', testCases: 1_000, seeds, run };
}

function addressSeeds(): readonly Uint8Array[] {
  const peer = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5';
  const hosts = [
    '/ip4/192.0.2.7',
    '/ip6/2001:db8::1',
    '/dns/node.example',
    '/dns4/a.b',
    '/ip6zone/x/ip6/fe80::1',
    '/unix/a',
  ];
  return hosts
    .flatMap(host => [`${host}/tcp/9645`, `${host}/tcp/9645/p2p/${peer}`, `${host}/udp/1/quic-v1`])
    .map(toUtf8);
}

const frameBytesMax = 4_096;

/** Frames come in chunks of any size; here each is as long as the first byte of the input says. */
function runFrames(bytes: Uint8Array): Outcome {
  const size = 1 + (bytes[0] ?? 0);
  const frames = new Frames(frameBytesMax);
  let count = 0;
  let bytesRead = 0;
  try {
    for (let start = 1; start < bytes.length; start += size) {
      frames.put(bytes.subarray(start, start + size));
      for (let frame = frames.take(); frame !== null; frame = frames.take()) {
        count++;
        bytesRead += frame.length;
      }
    }
  } catch (error) {
    if (error instanceof KvchainError)
      return refused(`${error.code} ${error.message} after ${count > 0 ? 'some' : 'no'} frames`);
    throw error;
  }
  if (bytesRead > bytes.length) throw new Error(`${bytesRead} bytes in frames out of ${bytes.length}`);
  return accepted(null);
}

function frameSeeds(): readonly Uint8Array[] {
  const long = concat(Uint8Array.of(0x80, 0x20), new Uint8Array(4_096).fill(0x61));
  const frames = [
    '',
    '00',
    '0161',
    '03616263',
    '8000',
    '8080808001',
    'ffffff7f',
    '8120',
    'ffffffffffffffffff01',
    '0005616263',
  ];
  const some = frames.map(hex => Uint8Array.from(Buffer.from(hex, 'hex')));
  return [...some, long, concat(...some)].flatMap(bytes =>
    [0, 6, 0xff].map(size => concat(Uint8Array.of(size), bytes)),
  );
}
