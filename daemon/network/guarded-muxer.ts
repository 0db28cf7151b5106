/**
 * yamux with bounds that it lacks: frames are judged by their headers before their content is collected, what costs a peer nothing to send
 * is counted, and what is to be sent on a connection that has just ended is dropped instead of thrown where nobody catches it.
 */
import type { MultiaddrConnection, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface';
import type { Clock } from '../ports.ts';
import { TokenBucket } from './token-bucket.ts';

/** The most that a stream may be sent beyond what was read, and so the longest frame. 10 MB a second at a round trip of 0.1 s. */
export const streamWindowMax = 1_048_576;

/**
 * What a peer's frames cost, in frames with little in them: an opened or reset stream is an object with its events, a ping is answered.
 * A frame that brings this many bytes or more costs nothing: it is paid for by who reads it.
 */
const costs = { stream: 20, ping: 500, little: 1, freeFrom: 64 } as const;
const costsPerSecond = 5_000;
const costsAtOnce = 20_000;

const headerBytes = 12;
const dataType = 0;
const pingType = 2;
/** SYN and RST, of the flags of a frame. */
const streamFlags = 0x1 | 0x8;

/** What yamux has beside what every muxer has: its parts are public in JavaScript, and checked when one is made. */
interface Parts {
  readonly decoder: {
    readonly buffer: { readonly byteLength: number; subarray(from: number, to: number): Uint8Array };
  } & {
    readFrame(): unknown;
  };
  send(data: unknown): boolean;
}

type MakeFactory<C> = (components: C) => StreamMuxerFactory;

/** Guards every muxer that the factory makes. */
export function guarded<C>(makeFactory: MakeFactory<C>, clock: Clock): MakeFactory<C> {
  return components => {
    const factory = makeFactory(components);
    const make = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection: MultiaddrConnection) => guard(make(connection), clock);
    return factory;
  };
}

function guard(muxer: StreamMuxer, clock: Clock): StreamMuxer {
  if (!hasParts(muxer)) throw new Error('the multiplexer is another one than the version that is guarded');
  const { decoder } = muxer;
  const bucket = new TokenBucket(clock, costsPerSecond, costsAtOnce);
  const read = decoder.readFrame.bind(decoder);
  // Whatever is thrown here ends the connection.
  decoder.readFrame = () => {
    const { buffer } = decoder;
    const isKnown = buffer.byteLength >= headerBytes;
    const header = isKnown ? readHeader(buffer.subarray(0, headerBytes)) : null;
    if (header !== null && header.type === dataType && header.length > streamWindowMax)
      throw new Error(`a frame of ${header.length} bytes`);
    const frame = read();
    if (frame === undefined || header === null) return frame;
    const cost = costOf(header);
    if (cost === 0) return frame;
    if (bucket.take() > 0) throw new Error('more small frames than a peer may send');
    bucket.spend(cost - 1);
    return frame;
  };
  const send = muxer.send.bind(muxer);
  muxer.send = data => {
    try {
      return send(data);
    } catch (error) {
      // The connection has ended in this turn of the event loop, and all of its streams hear of it in the next.
      if (error instanceof Error && error.name === 'StreamStateError') return false;
      throw error;
    }
  };
  return muxer;
}

function hasParts(muxer: StreamMuxer): muxer is StreamMuxer & Parts {
  const { decoder, send } = muxer as StreamMuxer & Partial<Parts>;
  return typeof decoder?.readFrame === 'function' && typeof send === 'function';
}

interface Header {
  readonly type: number;
  readonly flags: number;
  /** Of data the bytes that follow. */
  readonly length: number;
}

function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { type: view.getUint8(1), flags: view.getUint16(2), length: view.getUint32(8) };
}

function costOf({ type, flags, length }: Header): number {
  if (type === pingType) return costs.ping;
  if ((flags & streamFlags) !== 0) return costs.stream;
  return type === dataType && length >= costs.freeFrom ? 0 : costs.little;
}
