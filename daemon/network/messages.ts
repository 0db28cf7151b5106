/**
 * Engine messages from member to member: one long-lived stream each way, frames in order. A peer that does not take them fast enough
 * is disconnected rather than sent a part of them: engines resend by state when it is back, and a gap would mislead them.
 */
import type { Connection, Stream } from '@libp2p/interface';
import { KvchainError } from '../../chain/errors.ts';
import type { NetworkHandlers, PeerId } from '../ports.ts';
import { admit, blame, deadline, delay, type Surroundings, textOf } from './conduct.ts';
import { FramedStream } from './framed-stream.ts';
import { openStream } from './requests.ts';
import type { Session } from './sessions.ts';
import { TokenBucket } from './token-bucket.ts';

type OnMessage = NetworkHandlers['onMessage'];

/** Messages that are written in one piece. */
const framesTogetherMax = 64;

/** What waits to be written to one peer. */
interface Outbox {
  readonly queue: Uint8Array[];
  bytes: number;
  stream: FramedStream | null;
  isWriting: boolean;
}

export class Messages {
  readonly #surroundings: Surroundings;
  readonly #protocol: string;
  readonly #outboxes = new WeakMap<Session, Outbox>();
  /** One for all streams of a peer: whoever opened another would begin anew. */
  readonly #buckets = new WeakMap<Session, TokenBucket>();

  constructor(surroundings: Surroundings, protocol: string) {
    this.#surroundings = surroundings;
    this.#protocol = protocol;
  }

  /** Sends to a connected peer; dropped otherwise. Throws KvchainError TOO_LARGE for a message over messageBytesMax. */
  send(peer: PeerId, data: Uint8Array): void {
    const { sessions, limits, log } = this.#surroundings;
    if (data.length > limits.messageBytesMax) {
      throw new KvchainError('TOO_LARGE', `message too large: ${data.length} bytes, at most ${limits.messageBytesMax}`);
    }
    const session = sessions.welcome(peer);
    if (session === null) return;
    const outbox = this.#outboxes.get(session) ?? { queue: [], bytes: 0, stream: null, isWriting: false };
    this.#outboxes.set(session, outbox);
    if (outbox.bytes + data.length > limits.messageOutboxBytesMax) {
      log.warn({ peer, bytes: outbox.bytes }, 'peer reads engine messages too slowly');
      sessions.end(session, 'reads too slowly');
      return;
    }
    outbox.queue.push(data);
    outbox.bytes += data.length;
    if (!outbox.isWriting) void this.#write(session, outbox); // It handles its own failures.
  }

  /** Receives the peers' messages; to be registered with libp2p for the consensus protocol. */
  serve(onMessage: OnMessage): (stream: Stream, connection: Connection) => Promise<void> {
    return async (stream, connection) => {
      const session = await admit(this.#surroundings, stream, connection);
      if (session === null) return;
      const framed = this.#frame(session, stream);
      try {
        await this.#receive(session, framed, onMessage);
        await framed.end();
      } catch (error) {
        framed.abort(new Error('messages failed'));
        blame(this.#surroundings, session.peer, error);
      }
    };
  }

  async #receive(session: Session, framed: FramedStream, onMessage: OnMessage): Promise<void> {
    const { clock, log } = this.#surroundings;
    const { peer } = session;
    const bucket = this.#bucket(session);
    for (let data = await framed.read(null); data !== null && !session.isEnding; data = await framed.read(null)) {
      for (let waitMs = bucket.take(); waitMs > 0; waitMs = bucket.take()) await delay(clock, waitMs);
      try {
        onMessage(peer, data);
      } catch (error) {
        log.warn({ peer, error: textOf(error) }, 'message handler failed');
      }
    }
  }

  /** Writes until the outbox is empty. Without its stream a peer would miss messages unnoticed, so a failure ends the connection. */
  async #write(session: Session, outbox: Outbox): Promise<void> {
    outbox.isWriting = true;
    try {
      outbox.stream ??= await this.#open(session);
      // What is sent in one go of the program leaves together.
      await null;
      while (outbox.queue.length > 0) {
        const frames = outbox.queue.splice(0, framesTogetherMax);
        await outbox.stream.writeTogether(frames);
        for (const { length } of frames) outbox.bytes -= length;
      }
    } catch (error) {
      this.#surroundings.log.debug({ peer: session.peer, error: textOf(error) }, 'engine messages cannot be sent');
      this.#surroundings.sessions.end(session, 'engine messages cannot be sent');
    } finally {
      outbox.isWriting = false;
    }
  }

  async #open(session: Session): Promise<FramedStream> {
    const { clock, limits } = this.#surroundings;
    const { signal, cancel } = deadline(clock, limits.frameTimeoutMs);
    try {
      return this.#frame(session, await openStream(session, this.#protocol, signal));
    } finally {
      cancel();
    }
  }

  #bucket(session: Session): TokenBucket {
    const { clock, limits } = this.#surroundings;
    const bucket = this.#buckets.get(session) ?? new TokenBucket(clock, limits.messagesPerSecond, limits.messagesBurst);
    this.#buckets.set(session, bucket);
    return bucket;
  }

  #frame({ peer }: Session, stream: Stream): FramedStream {
    const { clock, limits, links } = this.#surroundings;
    const { messageBytesMax, frameTimeoutMs } = limits;
    return new FramedStream(stream, {
      name: 'engine-message',
      clock,
      outlet: links.outlet(peer),
      frameBytesMax: messageBytesMax,
      sendBytesMax: messageBytesMax,
      frameTimeoutMs,
    });
  }
}
