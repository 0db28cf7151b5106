/**
 * THE table of methods. Servers, the typed client, OpenRPC, OpenAPI and the pages of docs/reference/ all come from it; to add a method
 * is to add a row here and its handler.
 */
import type { z } from '../zod.ts';
import { chainMethods } from './api-chain.ts';
import { keyMethods } from './api-keys.ts';
import { nodeMethods } from './api-node.ts';
import { transactionMethods } from './api-transactions.ts';
import type { Method } from './method.ts';

export const api = { ...keyMethods, ...transactionMethods, ...chainMethods, ...nodeMethods };

export type MethodName = keyof typeof api;
/** What a caller gives; defaults may be left out. */
export type ParamsOf<M extends MethodName> = z.input<(typeof api)[M]['params']>;
/** What a handler gets: checked, with defaults filled in. */
export type CheckedParamsOf<M extends MethodName> = z.output<(typeof api)[M]['params']>;
export type ResultOf<M extends MethodName> = z.output<(typeof api)[M]['result']>;

/** All names, in the table's order. */
export const methodNames: readonly MethodName[] = Object.keys(api).filter(isMethodName);

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(api, name);
}

/** The row of a method, its types forgotten. */
export function rowOf(name: MethodName): Method {
  return api[name];
}

type Shapes = {
  readonly [M in MethodName]: {
    readonly params: z.ZodType<CheckedParamsOf<M>>;
    readonly result: z.ZodType<ResultOf<M>>;
  };
};
const shapes: Shapes = api;

/** The schemas of a method's parameters and result, each giving what is this method's. */
export function shapesOf<M extends MethodName>(name: M): Shapes[M] {
  return shapes[name];
}

/** The names of a method's parameters, in the order of positional ones. */
export function parameterNames(name: MethodName): readonly string[] {
  return Object.keys(rowOf(name).params.shape);
}
