/** One row of the API's table of methods: what servers, clients and documents need to know of a method, in one place. */

import type { ErrorCode } from '../../chain/errors.ts';
import type { z } from '../zod.ts';

/** What a caller may do: each scope holds the ones before it. */
export type Scope = 'read' | 'submit' | 'admin';

/**
 * A REST route. `{name}` in the path is a parameter; the others come from the query (GET, DELETE) or the body (PUT, POST). With
 * `when`, the route is this method's only if query or body say so: PUT /v1/miner {running} starts or stops (a selector that is no
 * parameter), GET /v1/transactions/{id}?wait= waits ("given": a parameter whose presence selects).
 */
export interface Route {
  readonly verb: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly when?: Readonly<Record<string, boolean | 'given'>>;
}

export interface Method<P extends z.ZodObject = z.ZodObject, R extends z.ZodType = z.ZodType> {
  readonly scope: Scope;
  /** The plain form, which the daemon signs with its own account, needs this scope; the signed form {transaction} needs `scope`. */
  readonly plainScope?: Scope;
  /** One sentence. */
  readonly doc: string;
  /** Places of positional parameters are the order of this schema. */
  readonly params: P;
  readonly result: R;
  readonly errors: readonly ErrorCode[];
  readonly routes: readonly Route[];
  /** Only over a WebSocket. */
  readonly isSocketOnly?: true;
  /** Only where the genesis says testNetwork. */
  readonly isTestNetworkOnly?: true;
  readonly example: { readonly params: z.input<P>; readonly result: z.input<R> };
}

/** Gives a row its types. */
export function method<P extends z.ZodObject, R extends z.ZodType>(row: Method<P, R>): Method<P, R> {
  return row;
}

const order: readonly Scope[] = ['read', 'submit', 'admin'];

/** True when a caller with `held` may do what needs `needed`. */
export function isScopeEnough(held: Scope | null, needed: Scope): boolean {
  return held !== null && order.indexOf(held) >= order.indexOf(needed);
}
