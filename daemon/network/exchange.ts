/**
 * The peer exchange on /kvchain/peers/1: a node tells on which ports it listens and is told the addresses of the other's peers.
 *
 * The asker names ports, never hosts: it is looked for at the address from which it is seen to come, so that nobody can send others to
 * a third party (P12). What is told are addresses of present peers, and only those that the asker can reach.
 */
import type { Connection, Stream } from '@libp2p/interface';
import { KvchainError } from '../../chain/errors.ts';
import { formatAddress, isDialable, isReachableFrom, parseAddress, type Scope } from './addresses.ts';
import type { Candidates } from './candidates.ts';
import { admit, blame, deadline, type Surroundings } from './conduct.ts';
import { endedEarly, FramedStream, type FrameRules } from './framed-stream.ts';
import { openStream } from './requests.ts';
import type { Session } from './sessions.ts';
import { TokenBucket } from './token-bucket.ts';
import {
  decodeExchangeAnswer,
  decodeQuestion,
  encodeExchangeAnswer,
  encodeQuestion,
  exchangeAnswerBytesMax,
  exchangeQuestionBytesMax,
} from './wire.ts';

export interface ExchangeOptions {
  readonly protocol: string;
  readonly candidates: Candidates;
  /** How far this node dials. */
  readonly scopes: ReadonlySet<Scope>;
  /** The TCP ports on which this node listens. */
  ownPorts(): readonly number[];
  /** New addresses were learned. */
  onLearned(): void;
}

export class Exchange {
  readonly #surroundings: Surroundings;
  readonly #options: ExchangeOptions;
  readonly #buckets = new WeakMap<Session, TokenBucket>();

  constructor(surroundings: Surroundings, options: ExchangeOptions) {
    this.#surroundings = surroundings;
    this.#options = options;
  }

  /** Asks a peer for addresses; failures are the peer's matter and are not thrown. */
  async ask(session: Session): Promise<void> {
    const { clock, limits, links } = this.#surroundings;
    const { signal, cancel } = deadline(clock, limits.frameTimeoutMs);
    let framed: FramedStream | null = null;
    try {
      const stream = await openStream(session, this.#options.protocol, signal);
      framed = this.#frame(stream, {
        outlet: links.outlet(session.peer),
        name: 'exchange-question',
        frameBytesMax: exchangeAnswerBytesMax,
        sendBytesMax: exchangeQuestionBytesMax,
      });
      await framed.write(encodeQuestion({ ports: this.#options.ownPorts() }));
      await framed.end();
      const frame = await framed.read(limits.frameTimeoutMs);
      if (frame !== null) this.#learn(frame);
    } catch (error) {
      blame(this.#surroundings, session.peer, error);
    } finally {
      cancel();
      framed?.abort(new Error('exchange done'));
    }
  }

  /** Answers; to be registered with libp2p. */
  serve(): (stream: Stream, connection: Connection) => Promise<void> {
    return async (stream, connection) => {
      const session = await admit(this.#surroundings, stream, connection);
      if (session === null) return;
      const { links } = this.#surroundings;
      const framed = this.#frame(stream, {
        outlet: links.outlet(session.peer),
        name: 'exchange-answer',
        frameBytesMax: exchangeQuestionBytesMax,
        sendBytesMax: exchangeAnswerBytesMax,
      });
      try {
        await this.#answer(session, framed);
        await framed.end();
      } catch (error) {
        framed.abort(new Error('exchange failed'));
        blame(this.#surroundings, session.peer, error);
      }
    };
  }

  async #answer(session: Session, framed: FramedStream): Promise<void> {
    const { limits, sessions } = this.#surroundings;
    const frame = await framed.read(limits.frameTimeoutMs);
    if (frame === null) throw endedEarly('a stream without a question');
    if (this.#bucket(session).take() > 0) throw new KvchainError('RATE_EXCEEDED', 'too many questions for addresses');
    const question = decodeQuestion(frame);
    if (!question.ok) throw new KvchainError(question.error.code, question.error.detail);
    this.#locate(session, question.value.ports);
    const asker = session.remote?.scope ?? 'public';
    const isPeer = (peer: string) => peer !== session.peer && sessions.welcome(peer) !== null;
    const addresses = this.#options.candidates
      .known(isPeer, limits.exchangeAddressesMax)
      .filter(address => isReachableFrom(address, asker))
      .map(address => address.text);
    await framed.write(encodeExchangeAnswer({ addresses }));
  }

  /** An inbound peer listens where it is seen to come from, at a port that it names. */
  #locate({ direction, remote, peer }: Session, ports: readonly number[]): void {
    if (direction === 'outbound' || remote === null) return;
    for (const port of ports) {
      const address = parseAddress(formatAddress(remote.host, port, peer));
      if (address !== null && isDialable(address, this.#options.scopes)) this.#options.candidates.locate(address);
    }
  }

  #learn(frame: Uint8Array): void {
    const answer = decodeExchangeAnswer(frame);
    if (!answer.ok) throw new KvchainError(answer.error.code, answer.error.detail);
    for (const text of answer.value.addresses) {
      const address = parseAddress(text);
      if (address !== null && isDialable(address, this.#options.scopes))
        this.#options.candidates.add(address, 'learned');
    }
    this.#options.onLearned();
  }

  #frame(stream: Stream, rules: Pick<FrameRules, 'name' | 'outlet' | 'frameBytesMax' | 'sendBytesMax'>): FramedStream {
    const { clock, limits } = this.#surroundings;
    return new FramedStream(stream, { ...rules, clock, frameTimeoutMs: limits.frameTimeoutMs });
  }

  #bucket(session: Session): TokenBucket {
    const { clock, limits } = this.#surroundings;
    const bucket =
      this.#buckets.get(session) ?? new TokenBucket(clock, limits.exchangesPerSecond, limits.exchangesBurst);
    this.#buckets.set(session, bucket);
    return bucket;
  }
}
