/** The method table as an OpenAPI 3.1 document: GET /openapi.json, and docs/reference/openapi.json. */
import { errorRow } from '../../chain/errors.ts';
import { type MethodName, rowOf } from './api.ts';
import type { Route } from './method.ts';
import { type JsonObject, jsonSchema, type Property, propertiesOf } from './open-rpc.ts';
import { routeGroups } from './rest.ts';

interface Candidate {
  readonly name: MethodName;
  readonly route: Route;
}

export function openApiDocument(version: string): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const candidates of routeGroups().values()) {
    const [first] = candidates;
    if (first === undefined) continue;
    const path = paths[first.route.path] ?? {};
    paths[first.route.path] = { ...path, [first.route.verb.toLowerCase()]: describeRoute(candidates, first.route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'kvchain', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: 'http://127.0.0.1:8645' }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Error: {
          type: 'object',
          required: ['code', 'message', 'action'],
          properties: { code: { type: 'string' }, message: { type: 'string' }, action: { type: 'string' } },
        },
      },
    },
  };
}

function describeRoute(candidates: readonly Candidate[], { verb, path }: Route): JsonObject {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1] ?? '');
  const properties = mergeProperties(candidates);
  const isSelected = candidates.some(({ route }) => Object.values(route.when ?? {}).includes(true));
  const selectors = isSelected ? [selector] : [];
  const hasBody = verb === 'PUT' || verb === 'POST';
  const others = properties.filter(property => !inPath.includes(property.name));
  const rows = candidates.map(({ name }) => rowOf(name));
  const scopes = [...new Set(rows.flatMap(row => [row.scope, row.plainScope ?? row.scope]))];
  return {
    operationId: candidates.map(({ name }) => name).join('_or_') + (path === '/new_transaction' ? '_alias' : ''),
    summary: rows.map(row => row.doc).join(' '),
    description: `Scope: ${scopes.join(', without a signed transaction ')}.`,
    parameters: [
      ...inPath.map(name => ({ name, in: 'path', required: true, schema: schemaOf(properties, name) })),
      ...(hasBody
        ? []
        : others.map(({ name, schema, isRequired }) => ({ name, in: 'query', required: isRequired, schema }))),
    ],
    ...(hasBody
      ? {
          requestBody: bodyOf([...selectors, ...others]),
        }
      : {}),
    responses: {
      200: {
        description: 'The answer.',
        content: { 'application/json': { schema: resultOf(candidates) } },
      },
      ...errorResponses(candidates),
    },
    security: [{ token: [] }, {}],
  };
}

/** Parameters of all the methods at one route; required only where every one of them requires it. */
function mergeProperties(candidates: readonly Candidate[]): readonly Property[] {
  const all = candidates.map(({ name }) => propertiesOf(jsonSchema(rowOf(name).params, 'input')));
  const names = [...new Set(all.flat().map(({ name }) => name))];
  return names.flatMap(name => {
    const found = all.flatMap(properties => properties.find(property => property.name === name) ?? []);
    const [first] = found;
    if (first === undefined) return [];
    return [{ ...first, isRequired: found.length === all.length && found.every(({ isRequired }) => isRequired) }];
  });
}

function schemaOf(properties: readonly Property[], name: string): JsonObject {
  return properties.find(property => property.name === name)?.schema ?? { type: 'string' };
}

/** What chooses between two methods at one route. */
const selector: Property = { name: 'running', schema: { type: 'boolean' }, isRequired: true };

function bodyOf(all: readonly Property[]): JsonObject {
  return {
    required: all.some(({ isRequired }) => isRequired),
    content: {
      'application/json': {
        schema: {
          type: 'object',
          additionalProperties: false,
          properties: Object.fromEntries(all.map(({ name, schema }) => [name, schema])),
          required: all.flatMap(({ name, isRequired }) => (isRequired ? [name] : [])),
        },
      },
    },
  };
}

function resultOf(candidates: readonly Candidate[]): JsonObject {
  const schemas = candidates.map(({ name }) => jsonSchema(rowOf(name).result, 'output'));
  const [first] = schemas;
  return schemas.length === 1 && first !== undefined ? first : { anyOf: schemas };
}

function errorResponses(candidates: readonly Candidate[]): JsonObject {
  const codes = [...new Set(candidates.flatMap(({ name }) => [...rowOf(name).errors, 'INVALID_PARAMS' as const]))];
  const statuses = [...new Set(codes.map(code => errorRow(code).http))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map(status => [
      String(status),
      {
        description: codes.filter(code => errorRow(code).http === status).join(', '),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]),
  );
}
