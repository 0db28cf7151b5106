/** Carries calls of the typed client over HTTP: one request, one answer, each checked against the table, each within a time. */

import { type ErrorCode, isErrorCode, KvchainError } from '../../chain/errors.ts';
import { z } from '../zod.ts';
import { type MethodName, type ParamsOf, type ResultOf, shapesOf } from './api.ts';
import type { ClientCertificate } from './websocket-portable.ts';

/** Wherever the daemon is and how it is reached. */
export interface TransportOptions {
  /** Such as http://127.0.0.1:8645. */
  readonly url: string;
  /** Bearer token; without one only what the server allows to everybody. */
  readonly token?: string | undefined;
  /** For each call, beyond what the call itself waits; default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** PEM of an authority that a watch over TLS trusts beside the platform's; Node.js only. Calls trust what `fetch` does. */
  readonly authority?: string | undefined;
  /** What a watch over TLS shows to a daemon that demands it; Node.js only. Calls show what `fetch` does. */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** Instead of the global one. */
  readonly fetch?: typeof fetch | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

const defaultTimeoutMs = 10_000;

/** One call of a batch: what was asked, and what came. */
export interface BatchCall<M extends MethodName> {
  readonly method: M;
  readonly params: ParamsOf<M>;
}

export type BatchAnswer<M extends MethodName> =
  | { readonly ok: true; readonly value: ResultOf<M> }
  | { readonly ok: false; readonly error: KvchainError };

const errorShape = z.object({ message: z.string(), data: z.object({ code: z.string() }).optional() });
const answerShape = z.object({
  id: z.number().nullable(),
  result: z.unknown().optional(),
  error: errorShape.optional(),
});
type Answer = z.output<typeof answerShape>;

export class HttpTransport {
  readonly url: string;
  readonly #options: TransportOptions;
  readonly #endpoint: URL;

  /** Error thrown: USAGE when the URL is none. */
  constructor(options: TransportOptions) {
    const parsed = URL.canParse(options.url) ? new URL(options.url) : null;
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
      throw new KvchainError('USAGE', `not an http or https URL: ${options.url}`);
    }
    this.url = parsed.origin;
    this.#endpoint = new URL('/', parsed);
    this.#options = options;
  }

  /** Errors thrown: UNREACHABLE, TIMED_OUT, and every code of the method, as KvchainError. */
  async call<M extends MethodName>(method: M, params: ParamsOf<M>, options: CallOptions = {}): Promise<ResultOf<M>> {
    const body = await this.#post({ jsonrpc: '2.0', id: 1, method, params }, options);
    return take(this.#read(method, answerShape.safeParse(body).data));
  }

  /** Up to 100 calls in one request; an answer for each, in order. */
  async batch<M extends MethodName>(
    calls: readonly BatchCall<M>[],
    options: CallOptions = {},
  ): Promise<BatchAnswer<M>[]> {
    if (calls.length === 0) return [];
    const body = await this.#post(
      calls.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params })),
      options,
    );
    // A batch that was refused as a whole is answered with one refusal.
    if (!Array.isArray(body))
      throw refusedBatch(this.#read(calls[0]?.method ?? 'chain_status', answerShape.safeParse(body).data));
    const answers = new Map(body.flatMap(entry => pairOf(answerShape.safeParse(entry).data)));
    return calls.map(({ method }, id) => this.#read(method, answers.get(id)));
  }

  #read<M extends MethodName>(method: M, answer: Answer | undefined): BatchAnswer<M> {
    if (answer?.error !== undefined) return { ok: false, error: errorOf(answer.error) };
    const parsed = shapesOf(method).result.safeParse(answer?.result);
    if (parsed.success) return { ok: true, value: parsed.data };
    return {
      ok: false,
      error: new KvchainError('BAD_MESSAGE', `${this.url} does not answer ${method} as kvchain does`),
    };
  }

  async #post(message: unknown, options: CallOptions): Promise<unknown> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? this.#options.timeoutMs ?? defaultTimeoutMs);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
    const send = this.#options.fetch ?? fetch;
    const { token } = this.#options;
    try {
      const response = await send(this.#endpoint, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(message),
        signal,
        redirect: 'error',
      });
      const body: unknown = await response.json();
      return body;
    } catch (cause) {
      throw this.#explain(cause, { timeout, signal: options.signal });
    }
  }

  #explain(
    cause: unknown,
    { timeout, signal }: { readonly timeout: AbortSignal; readonly signal: AbortSignal | undefined },
  ): unknown {
    // Whoever aborted knows why: the reason goes back unchanged.
    if (signal?.aborted) return signal.reason;
    if (timeout.aborted) return new KvchainError('TIMED_OUT', `no answer from ${this.url} in time`, { cause });
    if (cause instanceof SyntaxError)
      return new KvchainError('BAD_MESSAGE', `${this.url} does not speak JSON-RPC`, { cause });
    return unreachableAt(this.url, cause);
  }
}

/** The error that says where nobody answered, or that who answered speaks otherwise, and what to do. */
export function unreachableAt(url: string, cause: unknown): KvchainError {
  const code = causeCode(cause);
  // Who shows none is told by an alert, who shows a wrong one is cut off.
  if (url.startsWith('https:') && /ALERT_(?:CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE)$|^ECONNRESET$/.test(code)) {
    const action =
      'If it demands a certificate of its callers, put one and its key into tls/client.crt and tls/client.key of the data folder.';
    return new KvchainError('UNREACHABLE', `the daemon at ${url} closed the connection (${code})`, { cause, action });
  }
  if (/CERT|UNABLE_TO|ALTNAME/.test(code)) {
    return new KvchainError('UNREACHABLE', `a daemon answers at ${url}, but its certificate is not trusted (${code})`, {
      cause,
      action:
        'Name the data folder that has its authority in tls/ with --data-dir, or the file of the authority in NODE_EXTRA_CA_CERTS.',
    });
  }
  if (/^ERR_SSL_|^EPROTO$/.test(code)) {
    const action = `Ask at ${url.replace(/^https:/, 'http:')}, or check the port.`;
    return new KvchainError('UNREACHABLE', `what listens at ${url} does not speak https`, { cause, action });
  }
  // A port of TLS closes on plain text; a daemon that is stopping closes too.
  if (url.startsWith('http:') && /^(?:UND_ERR_SOCKET|ECONNRESET|HPE_)/.test(code)) {
    const action = `If this port speaks https, ask at ${url.replace(/^http:/, 'https:')}; otherwise see whether the daemon runs.`;
    return new KvchainError('UNREACHABLE', `what listens at ${url} closed the connection`, { cause, action });
  }
  return new KvchainError('UNREACHABLE', `no daemon answers at ${url}`, { cause });
}

/** The code of the innermost cause that has one: `fetch` wraps what went wrong. */
function causeCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return causeCode(error.cause) || ('code' in error && typeof error.code === 'string' ? error.code : '');
}

/** An error of the wire as the error of the table. */
export function errorOf({ message, data }: z.output<typeof errorShape>): KvchainError {
  const code: ErrorCode = data !== undefined && isErrorCode(data.code) ? data.code : 'INTERNAL';
  return new KvchainError(code, message);
}

function take<M extends MethodName>(answer: BatchAnswer<M>): ResultOf<M> {
  if (!answer.ok) throw answer.error;
  return answer.value;
}

function pairOf(answer: Answer | undefined): readonly (readonly [number, Answer])[] {
  return answer === undefined || answer.id === null ? [] : [[answer.id, answer]];
}

function refusedBatch(answer: BatchAnswer<MethodName>): KvchainError {
  return answer.ok ? new KvchainError('BAD_MESSAGE', 'one answer for a batch') : answer.error;
}
