/** REST from the table: each route's path, query and body become the parameters of its method. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, errorRow, type Result, reject } from '../../chain/errors.ts';
import { onDemand } from '../on-demand.ts';
import { type MethodName, methodNames, rowOf } from './api.ts';
import { refusalOf } from './context.ts';
import { responseBytesMax, tooLargeText } from './json-rpc.ts';
import type { Route } from './method.ts';
import { jsonSchema, propertiesOf } from './open-rpc.ts';

/** One method at one route. */
interface Target {
  readonly name: MethodName;
  readonly route: Route;
  /** How the texts of path and query become values: by the types of the parameters' schemas. */
  readonly kinds: () => ReadonlyMap<string, ParameterKind>;
}

type ParameterKind = 'integer' | 'number' | 'boolean' | 'text';

export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface RestOptions {
  call(name: MethodName, params: unknown, exchange: Exchange): Promise<Result<unknown>>;
  spend(calls: number, request: FastifyRequest): boolean;
}

/** All routes of the table, grouped by verb and path in the table's order. */
export function routeGroups(): ReadonlyMap<string, readonly { readonly name: MethodName; readonly route: Route }[]> {
  const groups = new Map<string, { name: MethodName; route: Route }[]>();
  for (const name of methodNames) {
    for (const route of rowOf(name).routes) {
      const id = `${route.verb} ${route.path}`;
      groups.set(id, [...(groups.get(id) ?? []), { name, route }]);
    }
  }
  return groups;
}

/** Adds the routes to the server. */
export function addRestRoutes(app: FastifyInstance, options: RestOptions): void {
  for (const group of routeGroups().values()) {
    // Routes with conditions are asked first.
    const targets = group
      .map(({ name, route }): Target => ({ name, route, kinds: onDemand(() => kindsOf(name)) }))
      .sort((a, b) => Number(b.route.when !== undefined) - Number(a.route.when !== undefined));
    const [first] = targets;
    if (first === undefined) continue;
    app.route({
      method: first.route.verb,
      url: first.route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) => answer(targets, { request, reply }, options),
    });
  }
}

/** Sends a refusal in the REST form: {code, message, action} with the table's status. */
export function sendRefusal(reply: FastifyReply, code: ErrorCode, detail: string): FastifyReply {
  if (code === 'RATE_EXCEEDED') reply.header('retry-after', '1');
  return reply.code(errorRow(code).http).send(refusalOf(code, detail));
}

async function answer(targets: readonly Target[], exchange: Exchange, options: RestOptions): Promise<FastifyReply> {
  const { request, reply } = exchange;
  if (!options.spend(1, request)) return sendRefusal(reply, 'RATE_EXCEEDED', 'too many calls in a short time');
  const body = request.body ?? {};
  if (typeof body !== 'object' || Array.isArray(body))
    return sendRefusal(reply, 'INVALID_PARAMS', 'body: expected a JSON object');
  const [path, query] = [entriesOf(request.params), entriesOf(request.query)];
  const given: readonly (readonly [string, unknown])[] = [...query, ...Object.entries(body), ...path];
  const twice = path.find(([name, value]) => given.some(([other, else_]) => other === name && else_ !== value));
  if (twice !== undefined) return sendRefusal(reply, 'INVALID_PARAMS', `${twice[0]}: given in the path and again`);
  const target = targets.find(candidate => isSelected(candidate.route, new Map(given)));
  const result =
    target === undefined ? noTarget(targets) : await options.call(target.name, paramsFor(target, given), exchange);
  if (!result.ok) return sendRefusal(reply, result.error.code, result.error.detail);
  const text = JSON.stringify(result.value);
  if (Buffer.byteLength(text) > responseBytesMax) {
    return sendRefusal(reply, 'TOO_LARGE', tooLargeText);
  }
  return reply.header('content-type', 'application/json; charset=utf-8').send(text);
}

function isSelected(route: Route, given: ReadonlyMap<string, unknown>): boolean {
  return Object.entries(route.when ?? {}).every(([name, wanted]) => {
    const value = given.get(name);
    return wanted === 'given' ? value !== undefined : value === wanted;
  });
}

function noTarget(targets: readonly Target[]): Result<never> {
  const names = [...new Set(targets.flatMap(({ route }) => Object.keys(route.when ?? {})))];
  return reject('INVALID_PARAMS', `${names.join(', ')}: expected true or false`);
}

/** Everything given but the route's own selectors, texts turned into what the schemas say. */
function paramsFor({ route, kinds }: Target, given: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const params = given.filter(([name]) => typeof route.when?.[name] !== 'boolean');
  return Object.fromEntries(params.map(([name, value]) => [name, fromText(value, kinds().get(name) ?? 'text')]));
}

function fromText(value: unknown, kind: ParameterKind): unknown {
  if (typeof value !== 'string') return value;
  if (kind === 'integer' && /^\d{1,16}$/.test(value)) return Number(value);
  if (kind === 'number' && /^\d{1,16}(?:\.\d{1,16})?$/.test(value)) return Number(value);
  if (kind === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

function kindsOf(name: MethodName): ReadonlyMap<string, ParameterKind> {
  const properties = propertiesOf(jsonSchema(rowOf(name).params, 'input'));
  return new Map(properties.map(property => [property.name, kindOf(property.schema)]));
}

function kindOf(schema: { readonly [name: string]: unknown }): ParameterKind {
  const options = Array.isArray(schema.anyOf) ? schema.anyOf : [schema];
  const types = options.map((option: { readonly type?: unknown }) => option.type);
  if (types.includes('string')) return 'text';
  if (types.includes('integer')) return 'integer';
  if (types.includes('number')) return 'number';
  return types.includes('boolean') ? 'boolean' : 'text';
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
