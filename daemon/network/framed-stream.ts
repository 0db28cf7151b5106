/**
 * Length-prefixed frames over a libp2p stream: the only file that knows how streams of libp2p 3 are read, written, held up and closed.
 *
 * A frame is a canonical varint length and so many bytes. The length is checked against the limit before anything is kept, a frame
 * that has begun must end in time, and a reader that is slower than its peer stops taking bytes instead of collecting them.
 */
import type { Connection, Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface';
import type { LengthDecoderFunction } from 'it-length-prefixed';
import { failpoint } from '#failpoint';
import { KvchainError } from '../../chain/errors.ts';
import type { Send } from '../failpoints.ts';
import type { Clock } from '../ports.ts';
import { decode, encode, pipe } from './libp2p.ts';
import type { Outlet } from './links.ts';

type Chunk = StreamMessageEvent['data'];

/** Bytes taken from a stream and not yet used, at which its flow of data is stopped. */
const inboxBytesMax = 262_144;
/** A socket's chunks are of this size. */
const copiedBytesMax = 65_536;
/** A length below 2^28 has at most 4 bytes. */
const lengthBytesMax = 4;

export interface FrameRules {
  /** What our frames are, for the failpoints. */
  readonly name: Send;
  readonly clock: Clock;
  /** By which our frames leave. */
  readonly outlet: Outlet;
  /** Of a frame that is read. */
  readonly frameBytesMax: number;
  /** Of a frame that is written. */
  readonly sendBytesMax: number;
  /** From a frame's first byte to its last, and until a written frame is taken. */
  readonly frameTimeoutMs: number;
}

/**
 * Both directions of one stream. Every method throws a KvchainError: TOO_LARGE and BAD_MESSAGE when the peer lies about lengths,
 * PEER_TIMEOUT when it is too slow or the stream broke. After an error the stream is aborted.
 */
export class FramedStream {
  readonly #stream: Stream;
  readonly #rules: FrameRules;
  readonly #frames: AsyncGenerator<{ subarray(): Uint8Array }, void>;
  #stopWatch: (() => void) | null = null;

  constructor(stream: Stream, rules: FrameRules) {
    this.#stream = stream;
    this.#rules = rules;
    this.#frames = pipe(
      readChunks(stream),
      chunks => this.#watch(chunks),
      chunks => decodeFrames(chunks, rules.frameBytesMax),
    );
  }

  /** The next frame, or null when the peer ended its side. `withinMs` bounds the wait for it; null waits for ever. */
  async read(withinMs: number | null): Promise<Uint8Array | null> {
    const stop = withinMs === null ? null : this.#abortAfter(withinMs, `no frame within ${withinMs} ms`);
    try {
      const { value } = await this.#frames.next();
      return value === undefined ? null : toBytes(value.subarray());
    } catch (error) {
      throw this.#fail(error);
    } finally {
      stop?.();
      this.#endWatch();
    }
  }

  /** Resolves when the muxer has taken the frame, or the link holds it back and has room for more, or lost it. One write at a time. */
  async write(frame: Uint8Array): Promise<void> {
    const { name, outlet, sendBytesMax, frameTimeoutMs } = this.#rules;
    if (frame.length > sendBytesMax) {
      throw new KvchainError('TOO_LARGE', `frame too large: ${frame.length} bytes, at most ${sendBytesMax}`);
    }
    const stop = this.#abortAfter(frameTimeoutMs, `a frame was not taken within ${frameTimeoutMs} ms`);
    try {
      failpoint('before', name);
      outlet.send(frame.length, () => this.#stream.send(encode.single(frame, { maxDataLength: sendBytesMax })));
      while (this.#stream.writableNeedsDrain) await nextDrain(this.#stream);
      await outlet.room();
      failpoint('after', name);
    } catch (error) {
      throw this.#fail(error);
    } finally {
      stop();
    }
  }

  /** Tells the peer that nothing follows, after what was written; reading goes on. */
  async end(): Promise<void> {
    const stop = this.#abortAfter(this.#rules.frameTimeoutMs, 'the stream could not be closed');
    try {
      await this.#rules.outlet.idle();
      await this.#stream.close();
    } catch (error) {
      throw this.#fail(error);
    } finally {
      stop();
    }
  }

  /** Ends both directions at once. Harmless on an ended stream. */
  abort(error: Error): void {
    this.#endWatch();
    this.#stream.abort(error);
  }

  #fail(error: unknown): KvchainError {
    const failure = toFailure(error, this.#rules.frameBytesMax);
    this.abort(failure);
    return failure;
  }

  #abortAfter(afterMs: number, what: string): () => void {
    return this.#rules.clock.setTimer(afterMs, () => this.abort(new KvchainError('PEER_TIMEOUT', what)));
  }

  /** A frame of which a part has come must be whole in time; between frames a stream may rest. */
  async *#watch(chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
    for await (const chunk of chunks) {
      const { frameTimeoutMs } = this.#rules;
      this.#stopWatch ??= this.#abortAfter(frameTimeoutMs, `a frame took more than ${frameTimeoutMs} ms`);
      yield chunk;
    }
  }

  #endWatch(): void {
    this.#stopWatch?.();
    this.#stopWatch = null;
  }
}

/** The frames in what comes. Throws KvchainError: TOO_LARGE, BAD_MESSAGE (a length that lies), PEER_TIMEOUT (the source broke). */
export async function* decodeFrames<C extends Chunk>(
  chunks: AsyncIterable<C>,
  frameBytesMax: number,
): AsyncGenerator<{ subarray(): Uint8Array }, void> {
  try {
    yield* decode(chunks, {
      maxDataLength: frameBytesMax,
      maxLengthLength: lengthBytesMax,
      lengthDecoder: shortestLength(),
    });
  } catch (error) {
    throw toFailure(error, frameBytesMax);
  }
}

/** Plain bytes, not Node's Buffer; a small frame is copied, or whoever keeps it keeps the whole chunk of the socket that it came in. */
function toBytes(frame: Uint8Array): Uint8Array {
  if (frame.length <= copiedBytesMax) return new Uint8Array(frame);
  return new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength);
}

/** A stream ended where a frame was due. The cause tells it from what a peer does: who crashes or stops ends streams too. */
export function endedEarly(what: string): KvchainError {
  return new KvchainError('PEER_TIMEOUT', what, { cause: new Error('the peer ended the stream') });
}

/** What the peer sends, as it comes, until it ends its side; throws when the stream breaks. */
async function* readChunks(stream: Stream): AsyncGenerator<Chunk> {
  const inbox: Chunk[] = [];
  let inboxBytes = 0;
  let failure: Error | null = null;
  let wake = () => {};
  const onMessage = ({ data }: StreamMessageEvent) => {
    inbox.push(data);
    inboxBytes += data.byteLength;
    if (inboxBytes >= inboxBytesMax) setFlow(stream, 'pause');
    wake();
  };
  const onEnd = () => wake();
  const onClose = ({ error }: StreamCloseEvent) => {
    failure = error ?? null;
    setFlow(stream, 'resume');
    wake();
  };
  stream.addEventListener('message', onMessage);
  stream.addEventListener('end', onEnd);
  stream.addEventListener('close', onClose);
  try {
    while (true) {
      const chunk = inbox.shift();
      if (chunk !== undefined) {
        inboxBytes -= chunk.byteLength;
        if (inboxBytes === 0) setFlow(stream, 'resume');
        yield chunk;
      } else if (failure !== null) {
        throw failure;
      } else if (hasEnded(stream)) {
        return;
      } else {
        await new Promise<void>(resolve => {
          wake = resolve;
        });
      }
    }
  } finally {
    stream.removeEventListener('message', onMessage);
    stream.removeEventListener('end', onEnd);
    stream.removeEventListener('close', onClose);
  }
}

function hasEnded(stream: Stream): boolean {
  if (stream.readableEnded) return true;
  const isOver = stream.status === 'closed' || stream.status === 'aborted' || stream.status === 'reset';
  return isOver && stream.readBufferLength === 0;
}

/** Stops or lets flow what the peer sends. A stream that is closing has no flow, and one whose connection is gone says so by throwing. */
export function setFlow(stream: Stream, flow: 'pause' | 'resume'): void {
  if (stream.readStatus === 'closed' || stream.readStatus === 'closing') return;
  try {
    stream[flow]();
  } catch {
    // What was read is delivered by now, and the close event follows.
  }
}

/** Closes a connection at once. The muxer says goodbye first, which throws when the socket is gone; then only the rest is left to do. */
export function abortConnection(connection: Connection, error: Error): void {
  try {
    connection.abort(error);
  } catch {
    connection.abort(error);
  }
}

function nextDrain(stream: Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null) => {
      stream.removeEventListener('drain', onDrain);
      stream.removeEventListener('close', onClose);
      // The stream sends on in a microtask after its drain event, so this one looks after it.
      if (error === null) queueMicrotask(resolve);
      else reject(error);
    };
    const onDrain = () => settle(null);
    const onClose = ({ error }: StreamCloseEvent) => settle(error ?? new Error('the stream was closed'));
    stream.addEventListener('drain', onDrain);
    stream.addEventListener('close', onClose);
  });
}

/**
 * Reads a varint that is written in as few bytes as it needs; RangeError means that bytes are still to come. Throws KvchainError
 * BAD_MESSAGE for a longer form and TOO_LARGE from 2^28 on.
 */
export function shortestLength(): LengthDecoderFunction {
  const read = (bytes: { readonly byteLength: number; get(index: number): number }): number => {
    let length = 0;
    for (let index = 0; index < lengthBytesMax; index++) {
      if (index >= bytes.byteLength) throw new RangeError('the length is not complete');
      const byte = bytes.get(index);
      length += (byte & 0x7f) * 2 ** (7 * index);
      if (byte >= 0x80) continue;
      if (byte === 0 && index > 0) throw new KvchainError('BAD_MESSAGE', 'a frame length is not in its shortest form');
      decoder.bytes = index + 1;
      return length;
    }
    throw new KvchainError('TOO_LARGE', `a frame length has more than ${lengthBytesMax} bytes`);
  };
  const decoder: LengthDecoderFunction = Object.assign(read, { bytes: 0 });
  return decoder;
}

function toFailure(error: unknown, frameBytesMax: number): KvchainError {
  if (error instanceof KvchainError) return error;
  const name = error instanceof Error ? error.name : '';
  if (name === 'InvalidDataLengthError')
    return new KvchainError('TOO_LARGE', `frame too large: at most ${frameBytesMax} bytes`);
  if (name === 'InvalidMessageLengthError') return new KvchainError('BAD_MESSAGE', 'a frame length is negative');
  return new KvchainError('PEER_TIMEOUT', 'the stream broke', { cause: error });
}
