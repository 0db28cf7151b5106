/**
 * JSON-RPC 2.0, whatever the transport: one request, a batch, notifications; every answer the specification's. Limits: the elements of
 * a batch, the bytes of an answer; rates are taken by the element.
 */
import { utf8Length } from '../../chain/bytes.ts';
import type { ErrorCode, Result } from '../../chain/errors.ts';
import { nearest } from '../nearest.ts';
import { isMethodName, type MethodName, methodNames, rowOf } from './api.ts';
import { type Failure, rpcError } from './dispatch.ts';
import { isObject } from './json.ts';

const batchMax = 100;
export const responseBytesMax = 8_388_608;

export interface RpcOptions {
  /** Runs one call of the table. */
  call(name: MethodName, params: unknown): Promise<Result<unknown>>;
  /** Takes the price of so many calls; false when it is more than the caller may have now. */
  spend(calls: number): boolean;
  /** Nobody hears the answer any more: what is left of a batch is not carried out. */
  isGone(): boolean;
  readonly isSocket: boolean;
}

/** The text to send, null when nothing is (notifications alone); and the code when the whole was one refusal. */
export interface RpcAnswer {
  readonly text: string | null;
  readonly code: ErrorCode | null;
}

type Id = string | number | null;

/** Answers a parsed message. Total. */
export async function answerMessage(message: unknown, options: RpcOptions): Promise<RpcAnswer> {
  if (!Array.isArray(message)) return answerOne(message, options);
  if (message.length === 0) return refuse('INVALID_REQUEST', 'an empty batch');
  if (message.length > batchMax) {
    return refuse('TOO_LARGE', `batch too large: ${message.length} calls, at most ${batchMax}`);
  }
  if (!options.spend(message.length))
    return refuse('RATE_EXCEEDED', `too many calls: no room for ${message.length} more now`);
  return answerBatch(message, options);
}

/** The answer to what was no message at all, or may not be asked. */
export function refuse(code: ErrorCode, detail: string, id: Id = null): RpcAnswer {
  return { text: failureText(id, { code, detail }), code };
}

async function answerOne(message: unknown, options: RpcOptions): Promise<RpcAnswer> {
  if (!options.spend(1)) return refuse('RATE_EXCEEDED', 'too many calls in a short time', idOf(message));
  const answer = await answerElement(message, options);
  return answer.text !== null && byteLengthExceeds(answer.text, responseBytesMax)
    ? refuse('TOO_LARGE', tooLargeText, idOf(message))
    : answer;
}

export const tooLargeText = `the answer is over ${responseBytesMax} bytes: ask for less at a time, or for ids`;

/**
 * One after the other, so that a batch costs what its calls cost and no more at once. Where an answer does not fit, it is refused, and the
 * calls after it are not carried out: whoever sent them could not be told what they did.
 */
async function answerBatch(messages: readonly unknown[], options: RpcOptions): Promise<RpcAnswer> {
  const texts: string[] = [];
  let room = responseBytesMax;
  let isFull = false;
  for (const message of messages) {
    if (options.isGone()) return { text: null, code: null };
    const { text } = isFull ? notCarriedOut(message) : await answerElement(message, options);
    if (text === null) continue;
    const bytes = utf8Length(text) + 1;
    if (isFull || bytes <= room) {
      texts.push(text);
      room -= bytes;
    } else {
      isFull = true;
      texts.push(failureText(idOf(message), { code: 'TOO_LARGE', detail: tooLargeText }));
    }
  }
  return { text: texts.length === 0 ? null : `[${texts.join(',')}]`, code: null };
}

function notCarriedOut(message: unknown): RpcAnswer {
  const detail = `not carried out: the answers before it fill ${responseBytesMax} bytes; send it again`;
  const isNotification = isObject(message) && !Object.hasOwn(message, 'id');
  return isNotification ? { text: null, code: null } : refuse('TOO_LARGE', detail, idOf(message));
}

async function answerElement(message: unknown, options: RpcOptions): Promise<RpcAnswer> {
  const request = readRequest(message);
  if (!request.ok) return refuse(request.code, request.detail, idOf(message));
  const result = await run(request, options);
  if (request.isNotification) return { text: null, code: null };
  if (!result.ok) return { text: failureText(request.id, result.error), code: result.error.code };
  return { text: JSON.stringify({ jsonrpc: '2.0', id: request.id, result: result.value }), code: null };
}

async function run({ method, params }: Request, options: RpcOptions): Promise<Result<unknown>> {
  if (!isMethodName(method)) {
    const near = nearest(method, methodNames);
    const hint = near === null ? '' : `; did you mean ${near}?`;
    return {
      ok: false,
      error: { code: 'METHOD_NOT_FOUND', detail: `no method ${JSON.stringify(method.slice(0, 100))}${hint}` },
    };
  }
  if (rowOf(method).isSocketOnly && !options.isSocket) {
    return { ok: false, error: { code: 'INVALID_REQUEST', detail: `${method} needs a WebSocket: connect to /v1/ws` } };
  }
  return options.call(method, params);
}

interface Request {
  readonly ok: true;
  readonly id: Id;
  readonly isNotification: boolean;
  readonly method: string;
  readonly params: unknown;
}

const members = new Set(['jsonrpc', 'id', 'method', 'params']);

function readRequest(message: unknown): Request | ({ readonly ok: false } & Failure) {
  const wrong = (detail: string) => ({ ok: false as const, code: 'INVALID_REQUEST' as const, detail });
  if (!isObject(message)) return wrong('a request is an object');
  if (message.jsonrpc !== '2.0') return wrong('jsonrpc: expected "2.0"');
  if (typeof message.method !== 'string') return wrong('method: expected a string');
  const isNotification = !Object.hasOwn(message, 'id');
  if (!isNotification && !isId(message.id)) return wrong('id: expected a string, a number or null');
  const { params } = message;
  if (params !== undefined && (typeof params !== 'object' || params === null))
    return wrong('params: expected an object or an array');
  const unknown = Object.keys(message).find(name => !members.has(name));
  if (unknown !== undefined) return wrong(`unknown member of the request: ${unknown.slice(0, 100)}`);
  return { ok: true, id: idOf(message), isNotification, method: message.method, params };
}

function failureText(id: Id, failure: Failure): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: rpcError(failure) });
}

function idOf(message: unknown): Id {
  return isObject(message) && isId(message.id) ? message.id : null;
}

function isId(value: unknown): value is Id {
  return (
    value === null ||
    (typeof value === 'string' && value.length <= 1_000) ||
    (typeof value === 'number' && Number.isFinite(value))
  );
}

/** Counts bytes only where the cheap bound (three bytes a character at most) leaves it open. */
function byteLengthExceeds(text: string, limit: number): boolean {
  if (text.length * 3 <= limit) return false;
  return text.length > limit || utf8Length(text) > limit;
}
