/** The method table as an OpenRPC 1.3 document: what rpc.discover answers and docs/reference/openrpc.json holds. */

import { assert, errorRow, rpcNumber } from '../../chain/errors.ts';
import { z } from '../zod.ts';
import { type MethodName, methodNames, rowOf } from './api.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** The JSON schema of a shape: what a caller gives, or what an answer holds. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return objectOf(jsonOf(rest));
}

/** A value as JSON carries it. */
function jsonOf(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}

function objectOf(json: Json | undefined): JsonObject {
  assert(isObject(json), 'the table gives an object here');
  return json;
}

function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

export interface Property {
  readonly name: string;
  readonly schema: JsonObject;
  readonly isRequired: boolean;
}

/** The properties of an object's JSON schema, each with whether it is required. */
export function propertiesOf(schema: JsonObject): readonly Property[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const properties = objectOf(schema.properties ?? {});
  return Object.entries(properties).map(([name, property]) => ({
    name,
    schema: objectOf(property),
    isRequired: required.includes(name),
  }));
}

export function openRpcDocument(version: string): JsonObject & { readonly openrpc: string } {
  return {
    openrpc: '1.3.2',
    info: {
      title: 'kvchain',
      version,
      description: 'JSON-RPC 2.0 over HTTP (POST /) and WebSocket (/v1/ws).',
      license: { name: 'Apache-2.0' },
    },
    methods: methodNames.map(describeMethod),
  };
}

function describeMethod(name: MethodName): JsonObject {
  const row = rowOf(name);
  const example = objectOf(jsonOf(row.example.params));
  return {
    name,
    summary: row.doc,
    tags: [{ name: `scope:${row.scope}` }],
    paramStructure: 'either',
    params: propertiesOf(jsonSchema(row.params, 'input')).map(property => ({
      name: property.name,
      required: property.isRequired,
      schema: property.schema,
    })),
    result: { name: 'result', schema: jsonSchema(row.result, 'output') },
    errors: row.errors.map(code => ({
      code: rpcNumber(code),
      message: errorRow(code).meaning,
      data: { code, action: errorRow(code).action },
    })),
    examples: [
      {
        name: 'example',
        params: Object.entries(example).map(([parameter, value]) => ({ name: parameter, value })),
        result: { name: 'result', value: jsonOf(row.example.result) },
      },
    ],
  };
}
