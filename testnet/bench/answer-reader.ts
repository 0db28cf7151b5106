/** Reads the answers of an HTTP server off a socket, one at a time, doing no more than counting demands. */
import type { Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** Asked for one answer at a time; each must have a content-length. */
export class AnswerReader {
  readonly #socket: Socket;
  #resolve: (answer: Answer) => void = () => {};
  #reject: (error: Error) => void = () => {};
  #received: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', chunk => this.#take(chunk));
    socket.on('error', error => this.#reject(error));
    socket.on('close', () => this.#reject(new Error('the server closed a connection')));
  }

  next(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.toString('latin1', 0, headEnd);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    if (Number.isNaN(length)) {
      this.#socket.destroy(new Error(`an answer without a length: ${head.slice(0, 200)}`));
      return;
    }
    if (this.#received.length < headEnd + 4 + length) return;
    const body = this.#received.subarray(headEnd + 4);
    this.#received = Buffer.alloc(0);
    this.#resolve({ status: Number(head.slice(9, 12)), body });
  }
}
