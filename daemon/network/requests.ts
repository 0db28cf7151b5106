/** One request, one answer, one stream: the sync protocol, on both sides. */
import type { Connection, Stream } from '@libp2p/interface';
import { KvchainError } from '../../chain/errors.ts';
import type { NetworkHandlers, PeerId } from '../ports.ts';
import { admit, blame, deadline, delay, type Surroundings, textOf } from './conduct.ts';
import { endedEarly, FramedStream } from './framed-stream.ts';
import { Lane } from './lane.ts';
import type { Session } from './sessions.ts';
import { TokenBucket } from './token-bucket.ts';
import { type Answer, decodeAnswer, encodeAnswer } from './wire.ts';

type OnRequest = NetworkHandlers['onRequest'];

/** What one peer asks of us: how often, what its answers cost, and how many are on their way. */
interface Service {
  readonly requests: TokenBucket;
  readonly milliseconds: TokenBucket;
  readonly lane: Lane;
}

export class Requests {
  readonly #surroundings: Surroundings;
  readonly #protocol: string;
  /** Of our own requests. */
  readonly #lanes = new WeakMap<Session, Lane>();
  readonly #services = new WeakMap<Session, Service>();

  constructor(surroundings: Surroundings, protocol: string) {
    this.#surroundings = surroundings;
    this.#protocol = protocol;
  }

  /**
   * Asks `peer`. Throws KvchainError NOT_FOUND (no such peer), TOO_LARGE (our request), RATE_EXCEEDED (too many of ours wait),
   * PEER_TIMEOUT, BAD_MESSAGE (also penalized), or the code that the peer answered with. A link that is slow on purpose is slow both ways,
   * and is given that time.
   */
  async request(peer: PeerId, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const { sessions, clock, limits, links } = this.#surroundings;
    const session = sessions.welcome(peer);
    if (session === null) throw new KvchainError('NOT_FOUND', `no peer ${peer}`);
    if (data.length > limits.requestBytesMax) {
      throw new KvchainError('TOO_LARGE', `request too large: ${data.length} bytes, at most ${limits.requestBytesMax}`);
    }
    const lane = this.#lane(session);
    if (lane.waiting >= limits.requestsWaitingPerPeerMax) {
      throw new KvchainError('RATE_EXCEEDED', `${lane.waiting} requests wait for ${session.peer} already`);
    }
    const { signal, cancel } = deadline(clock, timeoutMs + 2 * links.delayOf(peer));
    try {
      await lane.enter(signal);
      try {
        return await this.#ask(session, data, signal);
      } finally {
        lane.leave();
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
      const { clock, limits, links } = this.#surroundings;
      const question = new FramedStream(stream, {
        name: 'sync-answer',
        clock,
        outlet: links.outlet(session.peer),
        frameBytesMax: limits.requestBytesMax,
        sendBytesMax: limits.answerBytesMax,
        frameTimeoutMs: limits.frameTimeoutMs,
      });
      try {
        const request = await question.read(limits.frameTimeoutMs);
        if (request === null) throw endedEarly('a stream without a request');
        await this.#reply(session, question, () => this.#answer(session, request, onRequest));
      } catch (error) {
        question.abort(new Error('request failed'));
        blame(this.#surroundings, session.peer, error);
      }
    };
  }

  /** Answers in the peer's turn: no peer has many answers in memory at once, whether it reads them or not. */
  async #reply(session: Session, question: FramedStream, answer: () => Promise<Answer>): Promise<void> {
    const { clock, limits } = this.#surroundings;
    const { lane } = this.#service(session);
    const { signal, cancel } = deadline(clock, limits.frameTimeoutMs);
    try {
      await lane.enter(signal);
    } finally {
      cancel();
    }
    try {
      await question.write(encodeAnswer(await answer()));
      await question.end();
    } finally {
      lane.leave();
    }
  }

  async #answer(session: Session, request: Uint8Array, onRequest: OnRequest): Promise<Answer> {
    const { limits, log, clock } = this.#surroundings;
    const { peer } = session;
    const { requests, milliseconds } = this.#service(session);
    if (requests.take() > 0) {
      return this.#refuse(
        peer,
        new KvchainError('RATE_EXCEEDED', `more than ${limits.requestsPerSecond} requests a second`),
      );
    }
    for (let waitMs = milliseconds.take(); waitMs > 0; waitMs = milliseconds.take()) await delay(clock, waitMs);
    const startMs = clock.monotonic();
    try {
      const data = await onRequest(peer, request);
      if (data.length + 16 <= limits.answerBytesMax) return { type: 'data', data };
      log.warn({ peer, bytes: data.length }, 'answer too large to be sent');
    } catch (error) {
      if (error instanceof KvchainError) return this.#refuse(peer, error);
      log.warn({ peer, error: textOf(error) }, 'request handler failed');
    } finally {
      // What it took says what it cost: a list of headers, a block that has to be decoded, or a hash that nobody knows.
      milliseconds.spend(clock.monotonic() - startMs);
    }
    return { type: 'refusal', code: 'INTERNAL', detail: 'the request could not be answered' };
  }

  #refuse(peer: PeerId, { code, message }: KvchainError): Answer {
    this.#surroundings.penalize(peer, code, message);
    return { type: 'refusal', code, detail: message };
  }

  async #ask(session: Session, data: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { clock, limits, links } = this.#surroundings;
    const stream = await openStream(session, this.#protocol, signal);
    const framed = new FramedStream(stream, {
      name: 'sync-request',
      clock,
      outlet: links.outlet(session.peer),
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

  #lane(session: Session): Lane {
    const lane = this.#lanes.get(session) ?? new Lane(this.#surroundings.limits.requestsInFlightPerPeerMax);
    this.#lanes.set(session, lane);
    return lane;
  }

  #service(session: Session): Service {
    const { clock, limits } = this.#surroundings;
    const service = this.#services.get(session) ?? {
      requests: new TokenBucket(clock, limits.requestsPerSecond, limits.requestsBurst),
      milliseconds: new TokenBucket(clock, limits.answeringMsPerSecond, limits.answeringMsBurst),
      lane: new Lane(limits.answersAtOncePerPeerMax),
    };
    this.#services.set(session, service);
    return service;
  }
}

/** What the peer answered, told apart from what we found wrong with the answer. */
class Refusal extends KvchainError {}

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
