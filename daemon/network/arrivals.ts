/** Connections that open: whoever dialled starts the handshake, both wait for it only so long, and who fails it is turned away. */
import type { Connection, Stream } from '@libp2p/interface';
import { errorRow, KvchainError } from '../../chain/errors.ts';
import type { NetworkHandlers } from '../ports.ts';
import { deadline, type Surroundings, textOf } from './conduct.ts';
import { FramedStream } from './framed-stream.ts';
import { greet, Refused } from './handshake.ts';
import { openStream } from './requests.ts';
import type { PeerScores } from './scores.ts';
import type { Session } from './sessions.ts';

/** How long a refused peer may take to read why. */
const lingerMs = 1_000;

export interface ArrivalsOptions {
  readonly protocol: string;
  readonly scores: PeerScores;
  readonly handlers: NetworkHandlers;
  /** Both sides accepted. */
  onWelcome(session: Session): void;
}

export class Arrivals {
  readonly #surroundings: Surroundings;
  readonly #options: ArrivalsOptions;

  constructor(surroundings: Surroundings, options: ArrivalsOptions) {
    this.#surroundings = surroundings;
    this.#options = options;
  }

  /** A connection opened, in either direction. */
  opened(connection: Connection): void {
    const { clock, limits, sessions, log } = this.#surroundings;
    const session = sessions.open(connection);
    if (session === null) return;
    if (session.direction === 'inbound' && sessions.count('inbound') > limits.inboundPeersMax) {
      // The gater refuses what comes later; these were being encrypted at the same time.
      sessions.end(session, 'too many inbound connections');
      return;
    }
    const { signal, cancel } = deadline(clock, limits.handshakeTimeoutMs);
    signal.addEventListener('abort', () => sessions.end(session, 'no handshake in time'));
    void session.outcome.then(cancel); // An outcome does not reject.
    if (session.direction === 'inbound') return;
    openStream(session, this.#options.protocol, signal)
      .then(stream => this.#shakeHands(session, stream))
      .catch((error: unknown) => {
        log.debug({ peer: session.peer, error: textOf(error) }, 'handshake failed');
        sessions.end(session, 'handshake failed');
      });
  }

  /** Answers handshakes; to be registered with libp2p. */
  serve(): (stream: Stream, connection: Connection) => Promise<void> {
    return async (stream, connection) => {
      const session = this.#surroundings.sessions.of(connection);
      if (session === null || session.direction === 'outbound' || session.isGreeting) {
        stream.abort(new Error('a handshake out of place'));
        return;
      }
      await this.#shakeHands(session, stream);
    };
  }

  async #shakeHands(session: Session, stream: Stream): Promise<void> {
    const { clock, limits, sessions, links } = this.#surroundings;
    const { statusBytesMax, handshakeTimeoutMs: timeoutMs } = limits;
    const { peer, direction } = session;
    const { handlers } = this.#options;
    session.isGreeting = true;
    const framed = new FramedStream(stream, {
      name: 'handshake',
      clock,
      outlet: links.promptOutlet(peer),
      frameBytesMax: statusBytesMax,
      sendBytesMax: statusBytesMax,
      frameTimeoutMs: timeoutMs,
    });
    try {
      session.roundTripMs = await greet({ peer, direction, stream: framed, handlers, clock, timeoutMs });
    } catch (error) {
      this.#turnAway(session, error);
      return;
    }
    if (sessions.of(session.connection) !== session) return;
    session.isWelcome = true;
    session.settle(null);
    this.#options.onWelcome(session);
  }

  /** Whom we refuse gets time to read why; what breaks the protocol costs; that the peer refused us, or left, costs nothing. */
  #turnAway(session: Session, error: unknown): void {
    const { clock, log, sessions } = this.#surroundings;
    const { peer } = session;
    const failure =
      error instanceof KvchainError ? error : new KvchainError('INTERNAL', 'handshake failed', { cause: error });
    session.settle(failure);
    const { code } = failure;
    if (failure instanceof Refused) log.info({ peer, code, detail: failure.message }, 'handshake refused');
    else log.debug({ peer, code, error: textOf(failure) }, 'handshake failed');
    const isRefusedByUs = failure instanceof Refused && failure.by === 'us';
    const isLie = !(failure instanceof Refused) && failure.cause === undefined;
    if (isRefusedByUs || isLie) this.#options.scores.penalize(peer, errorRow(code).penalty);
    const cancel = clock.setTimer(isRefusedByUs ? lingerMs : 0, () => sessions.end(session, 'handshake failed'));
    void session.closed.then(cancel); // It does not reject.
  }
}
