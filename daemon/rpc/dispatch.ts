/**
 * From a method's name and raw parameters to its answer, whatever the transport: parameters checked against the table, scope checked,
 * the handler called, and everything that it throws caught in this one place.
 */

import {
  accept,
  type ErrorCode,
  errorRow,
  isErrorCode,
  KvchainError,
  type Result,
  reject,
  rpcNumber,
} from '../../chain/errors.ts';
import type { Logger } from '../logging.ts';
import { nearest } from '../nearest.ts';
import type { z } from '../zod.ts';
import { type CheckedParamsOf, type MethodName, parameterNames, rowOf, shapesOf } from './api.ts';
import type { CallContext, Handlers } from './context.ts';
import { chainHandlers } from './handlers-chain.ts';
import { keyHandlers } from './handlers-keys.ts';
import { nodeHandlers } from './handlers-node.ts';
import { transactionHandlers } from './handlers-transactions.ts';
import { isScopeEnough, type Scope } from './method.ts';

const handlers: Handlers = { ...keyHandlers, ...transactionHandlers, ...chainHandlers, ...nodeHandlers };

/** What went wrong, for callers: the table's code and a sentence. */
export interface Failure {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** Runs one call. Total: what goes wrong is in the result; INTERNAL is logged and says nothing of the inside. */
export async function call<M extends MethodName>(
  name: M,
  raw: unknown,
  context: CallContext & { readonly log: Logger },
): Promise<Result<unknown>> {
  try {
    const row = rowOf(name);
    if (row.isTestNetworkOnly && context.host.node.params().testNetwork !== 1) {
      return reject('NOT_TEST_NETWORK', `${name} exists on test networks only`);
    }
    const early = checkScope(name, row.scope, context);
    if (!early.ok) return early;
    const params = checkParams(name, raw);
    if (!params.ok) return params;
    if (row.plainScope !== undefined && !('transaction' in params.value)) {
      const plain = checkScope(`${name} without a signed transaction`, row.plainScope, context);
      if (!plain.ok) return plain;
    }
    return await handlers[name](params.value, context);
  } catch (error) {
    return failureOf(error, { name, log: context.log });
  }
}

/** Checked parameters with their defaults. Errors: INVALID_PARAMS naming the parameter. */
function checkParams<M extends MethodName>(name: M, raw: unknown): Result<CheckedParamsOf<M>> {
  const named = nameParams(name, raw);
  if (!named.ok) return named;
  const parsed = shapesOf(name).params.safeParse(named.value);
  if (parsed.success) return accept(parsed.data);
  // A name that is unknown explains best why another one is missing.
  const { issues } = parsed.error;
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  return reject('INVALID_PARAMS', issue === undefined ? 'the parameters are wrong' : explain(issue, name));
}

/** The body of a JSON-RPC error. */
export function rpcError({ code, detail }: Failure): {
  readonly code: number;
  readonly message: string;
  readonly data: object;
} {
  return { code: rpcNumber(code), message: detail, data: { code, action: errorRow(code).action } };
}

function checkScope(what: string, needed: Scope, { caller }: CallContext): Result<null> {
  if (isScopeEnough(caller.scope, needed)) return accept(null);
  // Without any credential the caller may have one to give; with one it is the wrong one.
  const code = caller.hasCredential ? 'FORBIDDEN' : 'UNAUTHORIZED';
  return reject(code, `${what} needs a token of scope ${needed}`);
}

/** Positional parameters get the names of the table's order. */
function nameParams(name: MethodName, raw: unknown): Result<unknown> {
  if (raw === undefined) return accept({});
  if (!Array.isArray(raw)) {
    return typeof raw === 'object' && raw !== null
      ? accept(raw)
      : reject('INVALID_PARAMS', 'params: expected an object or an array');
  }
  const names = parameterNames(name);
  if (raw.length > names.length) {
    return reject('INVALID_PARAMS', `params: ${raw.length} given, ${name} takes at most ${names.length}`);
  }
  // A null in a place means "not given", so that a later place can be reached.
  return accept(Object.fromEntries(raw.flatMap((value, index) => (value === null ? [] : [[names[index], value]]))));
}

function explain(issue: z.core.$ZodIssue, name: MethodName): string {
  if (issue.code === 'unrecognized_keys') {
    const [unknown = ''] = issue.keys;
    const where = [...issue.path.map(String), unknown].join('.').slice(0, 100);
    const near = issue.path.length === 0 ? nearest(unknown, parameterNames(name)) : null;
    return `unknown parameter: ${where}${near === null ? '' : `; did you mean ${near}?`}`;
  }
  const path = issue.path.map(String).join('.').slice(0, 100);
  return `${path === '' ? 'params' : path}: ${issue.message}`;
}

function failureOf(error: unknown, { name, log }: { readonly name: string; readonly log: Logger }): Result<never> {
  if (error instanceof KvchainError && isErrorCode(error.code) && error.code !== 'INTERNAL') {
    return reject(error.code, error.message);
  }
  log.error({ method: name, error }, 'call failed');
  return reject('INTERNAL', 'the node met a fault of its own; its log has the details');
}
