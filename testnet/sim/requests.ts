/** One question, one answer, or PEER_TIMEOUT. */
import { accept, KvchainError, type Result, reject } from '../../chain/errors.ts';
import type { NetworkHandlers, PeerId } from '../../daemon/ports.ts';
import type { Connections, Session } from './connections.ts';
import type { Life } from './life.ts';
import type { Packet } from './packet.ts';

export interface RequestParts {
  readonly life: Life;
  readonly connections: Connections;
  readonly handlers: NetworkHandlers;
  readonly send: (session: Session, packet: Packet) => void;
  /** The node refused what this peer asked. */
  readonly onRefusal: (peer: PeerId, error: KvchainError) => void;
  readonly onFault: (error: unknown) => void;
}

interface Asked {
  readonly session: Session;
  readonly settle: (answer: Result<Uint8Array>) => void;
}

export class Requests {
  readonly #parts: RequestParts;
  readonly #asked = new Map<number, Asked>();
  #requests = 0;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  ask(peer: PeerId, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const session = this.#parts.connections.with(peer);
    if (session === null) return Promise.reject(new KvchainError('NOT_FOUND', `no peer ${peer}`));
    const id = ++this.#requests;
    return new Promise((resolve, refuse) => {
      const cancel = this.#parts.life.after(timeoutMs, () => {
        this.settle(session, id, reject('PEER_TIMEOUT', `${peer} did not answer within ${timeoutMs} ms`));
      });
      const settle = (answer: Result<Uint8Array>) => {
        cancel();
        if (answer.ok) resolve(answer.value);
        else refuse(new KvchainError(answer.error.code, answer.error.detail));
      };
      this.#asked.set(id, { session, settle });
      this.#parts.send(session, { carriage: 'lossy', type: 'request', session: session.id, id, data });
    });
  }

  /** Answers a peer's request. */
  serve(session: Session, id: number, data: Uint8Array): void {
    const { handlers, send } = this.#parts;
    const reply = (answer: Result<Uint8Array>) => {
      if (session.state === 'open')
        send(session, { carriage: 'lossy', type: 'answer', session: session.id, id, answer });
    };
    handlers.onRequest(session.peer, data).then(
      answer => reply(accept(answer)),
      (error: unknown) => reply(this.#refusal(session.peer, error)),
    );
  }

  /** The answer came, or never will. What nobody waits for any more is dropped. */
  settle(session: Session, id: number, answer: Result<Uint8Array>): void {
    const asked = this.#asked.get(id);
    if (asked?.session !== session) return;
    this.#asked.delete(id);
    asked.settle(answer);
  }

  onEnd(ended: Session): void {
    for (const [id, { session }] of this.#asked) {
      if (session === ended)
        this.settle(session, id, reject('PEER_TIMEOUT', `the connection to ${session.peer} ended`));
    }
  }

  #refusal(peer: PeerId, error: unknown): Result<Uint8Array> {
    if (error instanceof KvchainError) {
      this.#parts.onRefusal(peer, error);
      return reject(error.code, error.message);
    }
    this.#parts.onFault(error);
    return reject('INTERNAL', 'the request could not be answered');
  }
}
