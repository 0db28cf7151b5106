/**
 * Length-prefixed frames over a libp2p stream: the only file that knows how streams of libp2p 3 are read, written, held up and closed.
 *
 * A frame is a canonical varint length and so many bytes. The length is checked against the limit before anything is kept, a frame
 * that has begun must end in time, and a reader that is slower than its peer stops taking bytes instead of collecting them.
 */
import type { Connection, Stream, StreamCloseEvent } from '@libp2p/interface';
import { failpoint } from '#failpoint';
import { concat } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import type { Send } from '../failpoints.ts';
import type { Clock } from '../ports.ts';
import { Frames } from './frames.ts';
import { encode } from './libp2p.ts';
import type { Outlet } from './links.ts';

/** Bytes taken from a stream and not yet used, at which its flow of data is stopped. */
const inboxBytesMax = 262_144;

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
  readonly #inbox: Frames;
  #isListening = false;
  #failure: Error | null = null;
  #wake = () => {};
  #stopWatch: (() => void) | null = null;

  constructor(stream: Stream, rules: FrameRules) {
    this.#stream = stream;
    this.#rules = rules;
    this.#inbox = new Frames(rules.frameBytesMax);
    tellRoomSeldom(stream);
  }

  /** The next frame, or null when the peer ended its side. `withinMs` bounds the wait for it; null waits for ever. */
  async read(withinMs: number | null): Promise<Uint8Array | null> {
    let stop: (() => void) | null = null;
    this.#listen();
    try {
      for (;;) {
        const frame = this.#inbox.take();
        if (this.#inbox.needsMore) setFlow(this.#stream, 'resume');
        if (frame !== null) return frame;
        if (this.#failure !== null) throw this.#failure;
        if (hasEnded(this.#stream)) return this.#end();
        if (withinMs !== null) stop ??= this.#abortAfter(withinMs, `no frame within ${withinMs} ms`);
        this.#watch();
        await new Promise<void>(resolve => {
          this.#wake = resolve;
        });
      }
    } catch (error) {
      throw this.#fail(error);
    } finally {
      stop?.();
      this.#endWatch();
    }
  }

  /** Resolves when the muxer has taken the frame, or the link holds it back and has room for more, or lost it. One write at a time. */
  write(frame: Uint8Array): Promise<void> {
    return this.writeTogether([frame]);
  }

  /** As `write`, several frames in one piece: each piece costs both ends as much as a small block does. */
  async writeTogether(frames: readonly Uint8Array[]): Promise<void> {
    const { name, outlet, sendBytesMax } = this.#rules;
    const tooLarge = frames.find(({ length }) => length > sendBytesMax);
    if (tooLarge !== undefined) {
      throw new KvchainError('TOO_LARGE', `frame too large: ${tooLarge.length} bytes, at most ${sendBytesMax}`);
    }
    const piece = concat(...frames.flatMap(frame => [...encode.single(frame, { maxDataLength: sendBytesMax })]));
    try {
      failpoint('before', name);
      outlet.send(piece.length, () => this.#stream.send(piece));
      if (this.#stream.writableNeedsDrain || !outlet.hasRoom) await this.#room();
      failpoint('after', name);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async #room(): Promise<void> {
    const { outlet, frameTimeoutMs } = this.#rules;
    const stop = this.#abortAfter(frameTimeoutMs, `a frame was not taken within ${frameTimeoutMs} ms`);
    try {
      while (this.#stream.writableNeedsDrain) await nextDrain(this.#stream);
      await outlet.room();
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
    const failure = toFailure(error);
    this.abort(failure);
    return failure;
  }

  #abortAfter(afterMs: number, what: string): () => void {
    return this.#rules.clock.setTimer(afterMs, () => this.abort(new KvchainError('PEER_TIMEOUT', what)));
  }

  /** From the first read on: before it the stream itself keeps what comes. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    const stream = this.#stream;
    stream.addEventListener('message', ({ data }) => {
      this.#inbox.put(data.subarray());
      if (this.#inbox.bytes >= inboxBytesMax && !this.#inbox.needsMore) setFlow(stream, 'pause');
      this.#wake();
    });
    stream.addEventListener('end', () => this.#wake());
    stream.addEventListener('close', ({ error }) => {
      this.#failure = error ?? null;
      setFlow(stream, 'resume');
      this.#wake();
    });
  }

  #end(): null {
    if (this.#inbox.bytes > 0) throw new Error('the stream ended within a frame');
    return null;
  }

  /** A frame of which a part has come must be whole in time; between frames a stream may rest. */
  #watch(): void {
    if (this.#inbox.bytes === 0) return;
    const { frameTimeoutMs } = this.#rules;
    this.#stopWatch ??= this.#abortAfter(frameTimeoutMs, `a frame took more than ${frameTimeoutMs} ms`);
  }

  #endWatch(): void {
    this.#stopWatch?.();
    this.#stopWatch = null;
  }
}

/** What a stream of yamux has beside what every stream has. */
interface Windowed {
  readonly recvWindow: number;
  readonly recvWindowCapacity: number;
  sendWindowUpdate(): void;
}

/** yamux answers each piece that it reads with how much room there is again. Here it does when half of the room is used. */
function tellRoomSeldom(stream: Stream & Partial<Windowed>): void {
  const tell = stream.sendWindowUpdate;
  if (tell === undefined) return;
  stream.sendWindowUpdate = () => {
    const { recvWindow = 0, recvWindowCapacity = 0 } = stream;
    if (recvWindowCapacity <= recvWindow / 2) tell.call(stream);
  };
}

/** A stream ended where a frame was due. The cause tells it from what a peer does: who crashes or stops ends streams too. */
export function endedEarly(what: string): KvchainError {
  return new KvchainError('PEER_TIMEOUT', what, { cause: new Error('the peer ended the stream') });
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

function toFailure(error: unknown): KvchainError {
  if (error instanceof KvchainError) return error;
  return new KvchainError('PEER_TIMEOUT', 'the stream broke', { cause: error });
}
