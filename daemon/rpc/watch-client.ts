/**
 * The client's side of kv_watch: connects, asks to go on after the last block that its consumer took, and connects again when the
 * connection is lost. What waits for the consumer is bounded: beyond that it hangs up, and asks again from where the consumer is.
 */

import { openSocket } from '#websocket';
import { isErrorCode, KvchainError, unreachable } from '../../chain/errors.ts';
import { z } from '../zod.ts';
import { keyMethods } from './api-keys.ts';
import { parseJson } from './json.ts';
import { pause } from './pause.ts';
import { errorOf, unreachableAt } from './transport.ts';
import { type WatchEvent, watchNotification } from './watch-event.ts';
import type { SocketCredentials } from './websocket-portable.ts';

/**
 * A block's changes, or a block that left the chain; the resume point after it is {height, hash}, or the parent of an undone one. Or a
 * conflict of finality, after which it is what it was.
 */
export type WatchUpdate = WatchEvent;

export interface WatchOptions {
  /** The last block that was seen; default: the head at the start. */
  readonly from?: WatchPosition | undefined;
  /** Ends the watch; the generator returns. */
  readonly signal?: AbortSignal | undefined;
  /** Tries to connect again, one after the other, before it gives up with UNREACHABLE; default 10. */
  readonly attemptsMax?: number | undefined;
}

export interface WatchPosition {
  readonly height: number;
  readonly hash: string;
}

export interface WatchTarget {
  readonly url: string;
  readonly prefix: string;
  readonly credentials: SocketCredentials;
}

const waitingMax = 256;
const retryMsMax = 10_000;

export async function* watchKeys(target: WatchTarget, options: WatchOptions): AsyncGenerator<WatchUpdate, void> {
  let position = options.from ?? null;
  let failures = 0;
  while (!options.signal?.aborted) {
    const connection = new WatchConnection(target, position, options.signal);
    try {
      for (;;) {
        const next = await connection.next();
        if (next === null) break;
        failures = 0;
        if (next.event !== null) yield next.event;
        position = next.position ?? position;
      }
    } finally {
      connection.close();
    }
    if (options.signal?.aborted) return;
    if (++failures > (options.attemptsMax ?? 10)) throw unreachableAt(target.url, null);
    await pause(Math.min(retryMsMax, 100 * 2 ** failures), options.signal);
  }
}

/** An event, or the mere place where the watch began; with the position after it, null where that stays. */
interface Step {
  readonly event: WatchEvent | null;
  readonly position: WatchPosition | null;
}

const answerShape = z.object({
  id: z.literal(1),
  result: keyMethods.kv_watch.result.optional(),
  error: z.object({ message: z.string(), data: z.object({ code: z.string() }).optional() }).optional(),
});

class WatchConnection {
  readonly #waiting: Step[] = [];
  readonly #socket: ReturnType<typeof openSocket>;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.close();
  #failure: KvchainError | null = null;
  #isOver = false;
  #wake: () => void = () => {};

  constructor({ url, prefix, credentials }: WatchTarget, from: WatchPosition | null, signal: AbortSignal | undefined) {
    const params = { prefix, ...(from === null ? {} : { from: { height: from.height, hash: from.hash } }) };
    this.#signal = signal;
    this.#socket = openSocket(`${url.replace(/^http/, 'ws')}/v1/ws`, credentials, {
      onOpen: () => this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'kv_watch', params })),
      onText: text => this.#onText(text),
      onClose: () => this.#end(),
    });
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The next step, null when the connection is over. Throws what the server refused the watch for. */
  async next(): Promise<Step | null> {
    for (;;) {
      const step = this.#waiting.shift();
      if (step !== undefined) return step;
      if (this.#failure !== null) throw this.#failure;
      if (this.#isOver) return null;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#socket.close();
    this.#end();
  }

  #onText(text: string): void {
    const message = parseJson(text);
    if (this.#isOver || !message.ok) return;
    const answer = answerShape.safeParse(message.value);
    if (answer.success) {
      const { error, result } = answer.data;
      if (error !== undefined) this.#fail(errorOf(error));
      if (result !== undefined) this.#push({ event: null, position: result.at });
      return;
    }
    const notification = watchNotification.safeParse(message.value);
    if (!notification.success) {
      this.#fail(new KvchainError('BAD_MESSAGE', 'the server does not speak kv_watch'));
      return;
    }
    const { event, error } = notification.data.params;
    if (event !== undefined) this.#push({ event, position: positionAfter(event) });
    if (error !== undefined)
      this.#fail(new KvchainError(isErrorCode(error.code) ? error.code : 'INTERNAL', error.message));
  }

  #push(step: Step): void {
    this.#waiting.push(step);
    this.#wake();
    // The consumer is behind: what follows is asked for again when it has caught up.
    if (this.#waiting.length >= waitingMax) this.close();
  }

  #fail(error: KvchainError): void {
    this.#failure = error;
    this.#wake();
  }

  #end(): void {
    this.#isOver = true;
    this.#wake();
  }
}

function positionAfter(event: WatchEvent): WatchPosition | null {
  switch (event.type) {
    case 'applied':
      return { height: event.height, hash: event.hash };
    case 'undone':
      return { height: event.height - 1, hash: event.parent };
    case 'finality_conflict':
      return null;
    default:
      return unreachable(event);
  }
}
