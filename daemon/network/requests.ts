/** One request, one answer, one stream: the sync protocol, on both sides. */
import type { Connection, Stream } from '@libp2p/interface';
import { KvchainError } from '../../chain/errors.ts';
import type { NetworkHandlers, PeerId } from '../ports.ts';
import { admit, blame, deadline, type Surroundings, textOf } from './conduct.ts';
import { endedEarly, FramedStream } from './framed-stream.ts';
import type { Session } from './sessions.ts';
import { TokenBucket } from './token-bucket.ts';
import { type Answer, decodeAnswer, encodeAnswer } from './wire.ts';

type OnRequest = NetworkHandlers['onRequest'];

/** Our requests to one peer: how many run, and who waits for one to end. */
interface Lane {
  running: number;
  readonly waiting: (() => void)[];
}

export class Requests {
  readonly #surroundings: Surroundings;
  readonly #protocol: string;
  readonly #lanes = new WeakMap<Session, Lane>();
  readonly #buckets = new WeakMap<Session, TokenBucket>();

  constructor(surroundings: Surroundings, protocol: string) {
    this.#surroundings = surroundings;
    this.#protocol = protocol;
  }

  /**
   * Asks `peer`. Throws KvchainError NOT_FOUND (no such peer), TOO_LARGE (our request), RATE_EXCEEDED (too many of ours wait),
   * PEER_TIMEOUT, BAD_MESSAGE (also penalized), or the code that the peer answered with.
   */
  async request(peer: PeerId, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const { sessions, clock, limits } = this.#surroundings;
    const session = sessions.welcome(peer);
    if (session === null) throw new KvchainError('NOT_FOUND', `no peer ${peer}`);
    if (data.length > limits.requestBytesMax) {
      throw new KvchainError('TOO_LARGE', `request too large: ${data.length} bytes, at most ${limits.requestBytesMax}`);
    }
    const { signal, cancel } = deadline(clock, timeoutMs);
    try {
      const lane = await this.#enter(session, signal);
      try {
        return await this.#ask(session, data, signal);
      } finally {
        leave(lane);
      }
    } finally {
      cancel();
    }
  }

  /** Serves the peers' requests; to be registered with libp2p for the sync protocol. */
  serve(onRequest: OnRequest): (stream: Stream, connection: Connection) => Promise<void> {
    return async (stream, connection) => {
      const session = await admit(this.#surroundings, stream, connection);
      if (session === null) return;
      const { clock, limits } = this.#surroundings;
      const question = new FramedStream(stream, {
        clock,
        frameBytesMax: limits.requestBytesMax,
        sendBytesMax: limits.answerBytesMax,
        frameTimeoutMs: limits.frameTimeoutMs,
      });
      try {
        await question.write(encodeAnswer(await this.#answer(session, question, onRequest)));
        await question.end();
      } catch (error) {
        question.abort(new Error('request failed'));
        blame(this.#surroundings, session.peer, error);
      }
    };
  }

  async #answer(session: Session, question: FramedStream, onRequest: OnRequest): Promise<Answer> {
    const { limits, log } = this.#surroundings;
    const { peer } = session;
    const request = await question.read(limits.frameTimeoutMs);
    if (request === null) throw endedEarly('a stream without a request');
    if (this.#bucket(session).take() > 0) {
      return this.#refuse(
        peer,
        new KvchainError('RATE_EXCEEDED', `more than ${limits.requestsPerSecond} requests a second`),
      );
    }
    try {
      const data = await onRequest(peer, request);
      if (data.length + 16 <= limits.answerBytesMax) return { type: 'data', data };
      log.warn({ peer, bytes: data.length }, 'answer too large to be sent');
    } catch (error) {
      if (error instanceof KvchainError) return this.#refuse(peer, error);
      log.warn({ peer, error: textOf(error) }, 'request handler failed');
    }
    return { type: 'refusal', code: 'INTERNAL', detail: 'the request could not be answered' };
  }

  #refuse(peer: PeerId, { code, message }: KvchainError): Answer {
    this.#surroundings.penalize(peer, code, message);
    return { type: 'refusal', code, detail: message };
  }

  async #ask(session: Session, data: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { clock, limits } = this.#surroundings;
    const stream = await openStream(session, this.#protocol, signal);
    const framed = new FramedStream(stream, {
      clock,
      frameBytesMax: limits.answerBytesMax,
      sendBytesMax: limits.requestBytesMax,
      frameTimeoutMs: limits.frameTimeoutMs,
    });
    const onAbort = () => framed.abort(toTimeout(signal.reason));
    signal.addEventListener('abort', onAbort);
    try {
      await framed.write(data);
      await framed.end();
      const frame = await framed.read(null);
      if (frame === null) throw endedEarly('a request without an answer');
      return this.#readAnswer(session.peer, frame);
    } catch (error) {
      if (signal.aborted) throw toTimeout(signal.reason);
      throw this.#toAnswerError(session.peer, error);
    } finally {
      signal.removeEventListener('abort', onAbort);
      framed.abort(new Error('request done'));
    }
  }

  #readAnswer(peer: PeerId, frame: Uint8Array): Uint8Array {
    const answer = decodeAnswer(frame);
    if (!answer.ok) {
      this.#surroundings.penalize(peer, 'BAD_MESSAGE', answer.error.detail);
      throw new KvchainError('BAD_MESSAGE', answer.error.detail);
    }
    if (answer.value.type === 'refusal') throw new Refusal(answer.value.code, answer.value.detail);
    return answer.value.data;
  }

  /** Lies about lengths are one kind of bad message; what the peer refused passes. */
  #toAnswerError(peer: PeerId, error: unknown): unknown {
    const isLie = error instanceof KvchainError && !(error instanceof Refusal) && error.code === 'TOO_LARGE';
    if (!isLie) return error;
    this.#surroundings.penalize(peer, 'BAD_MESSAGE', error.message);
    return new KvchainError('BAD_MESSAGE', error.message);
  }

  /** Waits until fewer than requestsInFlightPerPeerMax requests to this peer run. */
  async #enter(session: Session, signal: AbortSignal): Promise<Lane> {
    const { limits } = this.#surroundings;
    const lane = this.#lanes.get(session) ?? { running: 0, waiting: [] };
    this.#lanes.set(session, lane);
    if (lane.running < limits.requestsInFlightPerPeerMax) {
      lane.running += 1;
      return lane;
    }
    if (lane.waiting.length >= limits.requestsWaitingPerPeerMax) {
      throw new KvchainError('RATE_EXCEEDED', `${lane.waiting.length} requests wait for ${session.peer} already`);
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        lane.waiting.splice(lane.waiting.indexOf(onTurn), 1);
        reject(toTimeout(signal.reason));
      };
      // The place of the one who left passes on, so the number of running requests stays.
      const onTurn = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      lane.waiting.push(onTurn);
      signal.addEventListener('abort', onAbort, { once: true });
    });
    return lane;
  }

  #bucket(session: Session): TokenBucket {
    const { clock, limits } = this.#surroundings;
    const bucket = this.#buckets.get(session) ?? new TokenBucket(clock, limits.requestsPerSecond, limits.requestsBurst);
    this.#buckets.set(session, bucket);
    return bucket;
  }
}

/** What the peer answered, told apart from what we found wrong with the answer. */
class Refusal extends KvchainError {}

function leave(lane: Lane): void {
  const next = lane.waiting.shift();
  if (next === undefined) lane.running -= 1;
  else next();
}

/** Opens a stream to a peer. Throws KvchainError PEER_TIMEOUT. */
export async function openStream(session: Session, protocol: string, signal: AbortSignal): Promise<Stream> {
  try {
    return await session.connection.newStream([protocol], { signal });
  } catch (error) {
    throw signal.aborted
      ? toTimeout(signal.reason)
      : new KvchainError('PEER_TIMEOUT', 'no stream to the peer', { cause: error });
  }
}

function toTimeout(reason: unknown): KvchainError {
  return reason instanceof KvchainError ? reason : new KvchainError('PEER_TIMEOUT', 'aborted', { cause: reason });
}
