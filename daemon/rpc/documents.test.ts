import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { nearest } from '../nearest.ts';
import { methodNames, rowOf } from './api.ts';
import { openApiDocument } from './open-api.ts';
import { openRpcDocument } from './open-rpc.ts';
import { routeGroups } from './rest.ts';

const here = dirname(fileURLToPath(import.meta.url));

describe('the table', () => {
  test.each(methodNames)(
    '%s has a route or is for sockets alone, a sentence, and an example that passes its schemas',
    name => {
      const row = rowOf(name);
      expect(row.isSocketOnly === true || row.routes.length > 0).toBe(true);
      expect(row.doc).toMatch(/^[A-Z].*\.$/);
      expect(row.params.safeParse(row.example.params).error).toBeUndefined();
      expect(row.result.safeParse(row.example.result).error).toBeUndefined();
    },
  );
});

test('OpenAPI has every route once, and names each parameter of its path', () => {
  const document = JSON.parse(JSON.stringify(openApiDocument('1.0.0')));
  const found: string[] = [];
  const operationIds = new Set<string>();
  for (const [path, operations] of Object.entries<
    Record<string, { operationId: string; parameters: { name: string; in: string }[] }>
  >(document.paths)) {
    for (const [verb, operation] of Object.entries(operations)) {
      found.push(`${verb.toUpperCase()} ${path}`);
      const inPath = operation.parameters.filter(parameter => parameter.in === 'path').map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(match => match[1]));
      operationIds.add(`${operation.operationId} ${path}`);
    }
  }
  expect(found.sort()).toEqual([...routeGroups().keys()].sort());
  expect(operationIds.size).toBe(found.length);
});

test('OpenRPC has every method with its parameters, result and example', () => {
  const document = JSON.parse(JSON.stringify(openRpcDocument('1.0.0')));
  expect(document.methods.map(({ name }: { name: string }) => name)).toEqual(methodNames);
  for (const method of document.methods) {
    expect(method.result.schema).not.toEqual({});
    const known = method.params.map(({ name }: { name: string }) => name);
    for (const { name } of method.examples[0].params) expect(known).toContain(name);
  }
});

test('the client and the light client reach nothing of Node.js but through the conditional imports', () => {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(/(?:from|import) ['"]([^'"]+)['"]/g)) {
      expect(target, path).not.toMatch(/^node:|^ws$|^fastify|^pino|^prom-client/);
      if (target.startsWith('.')) visit(resolve(dirname(path), target));
    }
  };
  visit(join(here, 'client.js'));
  visit(join(here, 'light-client.js'));
  visit(join(here, 'websocket-portable.js'));
  expect(seen.size).toBeGreaterThan(20);
});

test.each([
  ['rpc-prot', 'rpc-port'],
  ['rpcport', 'rpc-port'],
  ['rpc-host', 'rpc-host'],
  ['zzz', null],
  ['', null],
  ['x'.repeat(100), null],
])('%j was probably meant as %j', (name, expected) => {
  expect(nearest(name, ['rpc-port', 'p2p-port', 'rpc-host'])).toBe(expected);
});
