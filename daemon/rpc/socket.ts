/** One WebSocket: JSON-RPC over it, its subscriptions, and the limits that keep one consumer from costing the node its memory. */
import type { WebSocket } from 'ws';
import { failpoint } from '#failpoint';
import { fromHex, toHex } from '../../chain/bytes.ts';
import { accept, KvchainError, type Result, reject } from '../../chain/errors.ts';
import type { Logger } from '../logging.ts';
import type { CheckedParamsOf, MethodName, ResultOf } from './api.ts';
import { type ApiHost, type Caller, refusalOf, type WatchSession } from './context.ts';
import { call } from './dispatch.ts';
import { parseJson } from './json.ts';
import { answerMessage, refuse } from './json-rpc.ts';
import { Semaphore } from './semaphore.ts';
import type { DoorLimits } from './server-settings.ts';
import { canResume, runWatch } from './watch.ts';
import type { WatchEvent } from './watch-event.ts';

export const socketMessageBytesMax = 1_048_576;
/** Calls of one connection that are being answered; more wait in the connection, unread. */
const socketCallsMax = 64;
export const subscriptionsMax = 16;
const pingIntervalMs = 30_000;

/** Codes with which the server closes: RFC 6455's, and 4008 of our own. */
export const closeCodes = { goingAway: 1001, notText: 1003, tryAgainLater: 1013, slowConsumer: 4008 } as const;

export interface SocketParts {
  readonly api: ApiHost;
  readonly log: Logger;
  readonly caller: Caller;
  readonly callTimeoutMs: number;
  readonly limits: DoorLimits;
  spend(calls: number): boolean;
  /** After each message, so that what all connections leave unread stays bounded. */
  onSent(): void;
  onCall(name: MethodName, result: Result<unknown>, seconds: number): void;
}

export class SocketSession implements WatchSession {
  readonly #socket: WebSocket;
  readonly #parts: SocketParts;
  readonly #end = new AbortController();
  readonly #subscriptions = new Map<string, AbortController>();
  /** One event of one subscription at a time: a block is the same for all of them, and large. */
  readonly #eventTurn = new Semaphore(1);
  readonly #pinger: NodeJS.Timeout;
  readonly #callTurn = new Semaphore(socketCallsMax);
  #subscriptionCount = 0;
  #calls = 0;
  #isAlive = true;

  constructor(socket: WebSocket, parts: SocketParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#pinger = setInterval(() => this.#ping(), pingIntervalMs);
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) return this.close(closeCodes.notText, 'text frames only');
      this.#onMessage(data).catch((error: unknown) => this.#parts.log.error({ error }, 'socket failed'));
    });
    // A broken frame or connection: `close` follows, and there is nobody to tell.
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#onClose());
  }

  /** Says goodbye; what the other side does not finish within a second is cut. */
  close(code: number, reason: string): void {
    this.#end.abort();
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), 1_000).unref();
  }

  /** Ends it without waiting for the other side. */
  terminate(): void {
    this.#socket.terminate();
  }

  async watch(params: CheckedParamsOf<'kv_watch'>): Promise<Result<ResultOf<'kv_watch'>>> {
    if (this.#subscriptions.size >= subscriptionsMax) {
      return reject('RATE_EXCEEDED', `too many subscriptions of one connection: at most ${subscriptionsMax}`);
    }
    const { node } = this.#parts.api;
    const { head } = node.status();
    const from =
      params.from === undefined
        ? { height: head.header.height, hash: head.hash }
        : { height: params.from.height, hash: fromHex(params.from.hash, 32) ?? head.hash };
    const resumable = await canResume(node, from);
    if (!resumable.ok) return resumable;
    const subscription = String(++this.#subscriptionCount);
    const end = new AbortController();
    this.#subscriptions.set(subscription, end);
    const signal = AbortSignal.any([end.signal, this.#end.signal]);
    // The answer to the call goes out before the first event does.
    setImmediate(() => {
      runWatch({
        node,
        prefix: params.prefix,
        from,
        signal,
        send: event => this.#eventTurn.run(() => this.#sendEvent(subscription, event)),
      })
        .catch((error: unknown) => this.#endWatch(subscription, error))
        .finally(() => this.#subscriptions.delete(subscription));
    });
    return accept({ subscription, at: { height: from.height, hash: toHex(from.hash) } });
  }

  unwatch(subscription: string): boolean {
    const end = this.#subscriptions.get(subscription);
    end?.abort();
    return this.#subscriptions.delete(subscription);
  }

  async #onMessage(data: Buffer): Promise<void> {
    this.#calls++;
    if (this.#calls >= socketCallsMax) this.#socket.pause();
    try {
      // What was read before the pause comes all the same, and waits here.
      await this.#callTurn.run(() => this.#answer(data));
    } finally {
      this.#calls--;
      if (this.#calls < socketCallsMax && this.#socket.isPaused) this.#socket.resume();
    }
  }

  async #answer(data: Buffer): Promise<void> {
    if (this.#end.signal.aborted) return;
    const parsed = parseJson(data.toString('utf8'));
    const answer = parsed.ok
      ? await answerMessage(parsed.value, {
          isSocket: true,
          isGone: () => this.#end.signal.aborted,
          spend: calls => this.#parts.spend(calls),
          call: (name, params) => this.#call(name, params),
        })
      : refuse(parsed.error.code, parsed.error.detail);
    if (answer.text !== null) this.#send(answer.text);
  }

  async #call(name: MethodName, params: unknown): Promise<Result<unknown>> {
    const { api, log, caller, callTimeoutMs, onCall } = this.#parts;
    const startedMs = performance.now();
    const deadlineMs = startedMs + callTimeoutMs;
    const result = await call(name, params, {
      host: api,
      log,
      caller,
      signal: this.#end.signal,
      deadlineMs,
      waiting: null,
      session: this,
    });
    onCall(name, result, (performance.now() - startedMs) / 1_000);
    return result;
  }

  #send(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    failpoint('before', 'socket-answer');
    this.#socket.send(text);
    failpoint('after', 'socket-answer');
    if (this.#socket.bufferedAmount > this.#parts.limits.socketBufferBytesMax)
      this.close(closeCodes.slowConsumer, 'slow consumer');
    this.#parts.onSent();
  }

  /** Resolves when the system has taken the whole event, so one event of a subscription is in memory at a time. */
  #sendEvent(subscription: string, event: WatchEvent): Promise<void> {
    if (this.#end.signal.aborted) return Promise.resolve();
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'kv_watch', params: { subscription, event } });
    const { eventTimeoutMs } = this.#parts.limits;
    return new Promise(resolve => {
      const timer = setTimeout(() => this.close(closeCodes.slowConsumer, 'slow consumer'), eventTimeoutMs);
      failpoint('before', 'socket-event');
      this.#socket.send(text, () => {
        failpoint('after', 'socket-event');
        clearTimeout(timer);
        resolve();
      });
      this.#parts.onSent();
    });
  }

  #endWatch(subscription: string, error: unknown): void {
    const isTold = error instanceof KvchainError;
    if (!isTold) this.#parts.log.error({ error }, 'watch failed');
    const refusal = isTold ? refusalOf(error.code, error.message) : refusalOf('INTERNAL', 'the watch failed');
    this.#send(JSON.stringify({ jsonrpc: '2.0', method: 'kv_watch', params: { subscription, error: refusal } }));
  }

  #ping(): void {
    if (!this.#isAlive) {
      this.#socket.terminate();
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
  }

  #onClose(): void {
    clearInterval(this.#pinger);
    this.#end.abort();
    for (const end of this.#subscriptions.values()) end.abort();
    this.#subscriptions.clear();
  }
}
