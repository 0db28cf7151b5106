/**
 * The door for programs: JSON-RPC messages through parser, table and handlers of a whole node; REST paths, queries and bodies through
 * the real server on a loopback port; and the opaque cursors. Whatever comes is answered, in the form of the door, and never as INTERNAL.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toUtf8 } from '../../chain/bytes.ts';
import type { Logger } from '../../daemon/logging.ts';
import { type MethodName, methodNames, rowOf } from '../../daemon/rpc/api.ts';
import { cookieName } from '../../daemon/rpc/auth.ts';
import type { ApiHost, CallContext } from '../../daemon/rpc/context.ts';
import { decodeHistoryCursor, decodeScanCursor, encodeCursor } from '../../daemon/rpc/cursor.ts';
import { call } from '../../daemon/rpc/dispatch.ts';
import { parseJsonBytes } from '../../daemon/rpc/json.ts';
import { answerMessage } from '../../daemon/rpc/json-rpc.ts';
import { startApiServer } from '../../daemon/rpc/server.ts';
import type { ApiServer } from '../../daemon/rpc/server-settings.ts';
import { openQuietNode } from './quiet-node.ts';
import { type Outcome, refused, type Target } from './target.ts';
import { outcomeOf, textTarget } from './targets-chain.ts';

/** What was logged as an error since the last look: each is a bug. */
class Faults {
  readonly #faults: string[] = [];
  readonly logger: Logger = {
    error: (data, message) => this.add(`${message} ${Object.values(data).map(describe).join(' ')}`),
    warn() {},
    info() {},
    debug() {},
  };

  add(fault: string): void {
    this.#faults.push(fault);
  }

  /** Throws what was added since the last time. */
  check(): void {
    const faults = this.#faults.splice(0);
    if (faults.length > 0) throw new Error(`logged as our own fault: ${faults.join('; ')}`);
  }
}

/** Opens a node and a server; `close` of the target `rest` closes them. */
export async function openApiTargets(): Promise<readonly Target[]> {
  const faults = new Faults();
  const { api, close } = await openQuietNode(error => faults.add(describe(error)));
  const dataDir = mkdtempSync(join(tmpdir(), 'kvchain-fuzz-'));
  const server = await startApiServer(
    {
      host: '127.0.0.1',
      port: 0,
      dataDir,
      tokens: [],
      allowedHosts: [],
      tls: null,
      rate: { perSecond: 1e6, burst: 1e6 },
    },
    { api, log: faults.logger, meter: { call() {}, text: async () => '', contentType: 'text/plain' } },
  );
  const cookie = readFileSync(join(dataDir, cookieName), 'utf8').trim();
  return [
    rpcTarget(api, faults),
    {
      name: 'rest',
      shape: 'json',
      encoding: 'settled',
      testCases: 150,
      seeds: restSeeds(),
      run: bytes => runRest(bytes, { server, cookie, faults }),
      close: async () => {
        await server.close();
        await close();
        rmSync(dataDir, { recursive: true, force: true });
      },
    },
    cursorTarget('scan-cursor', ['a', '\u{1f600}'], text =>
      outcomeOf(decodeScanCursor(text), after => toUtf8(encodeCursor('scan', after ?? ''))),
    ),
    cursorTarget('history-cursor', [0, 2 ** 53 - 1], text =>
      outcomeOf(decodeHistoryCursor(text), after => toUtf8(encodeCursor('history', after ?? 0))),
    ),
  ];
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Calls wait no longer than this; the server's own limit is for people. */
const waitMs = 20;

function rpcTarget(api: ApiHost, faults: Faults): Target {
  const caller = { name: 'fuzz', scope: 'admin', hasCredential: true } as const;
  const run = async (bytes: Uint8Array): Promise<Outcome> => {
    const parsed = parseJsonBytes(bytes);
    if (!parsed.ok) return refused(parsed.error.detail);
    const deadlineMs = performance.now() + waitMs;
    const { signal } = new AbortController();
    const context: CallContext & { log: Logger } = {
      host: api,
      log: faults.logger,
      caller,
      signal,
      deadlineMs,
      waiting: null,
      session: null,
    };
    const { text } = await answerMessage(parsed.value, {
      call: (name, params) => call(name, params, context),
      spend: () => true,
      isGone: () => false,
      isSocket: false,
    });
    faults.check();
    return refused(text === null ? 'no answer is due' : messagesOf(JSON.parse(text)));
  };
  return { name: 'json-rpc', shape: 'json', encoding: 'settled', testCases: 500, seeds: rpcSeeds(), run };
}

/** What an answer says, and that it is one. */
function messagesOf(answer: unknown): string {
  const answers: unknown[] = Array.isArray(answer) ? answer : [answer];
  return answers.map(messageOf).sort().join('; ');
}

function messageOf(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null || !('jsonrpc' in answer) || !('id' in answer))
    throw new Error(`not an answer: ${JSON.stringify(answer).slice(0, 200)}`);
  if ('result' in answer === 'error' in answer) throw new Error('an answer has a result or an error');
  if (!('error' in answer)) return 'result';
  return JSON.stringify(answer.error).replaceAll('"', '');
}

interface Door {
  readonly server: ApiServer;
  readonly cookie: string;
  readonly faults: Faults;
}

/** The first line is `VERB path`, the rest the body. */
async function runRest(bytes: Uint8Array, { server, cookie, faults }: Door): Promise<Outcome> {
  const end = bytes.indexOf(0x0a);
  const line = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1');
  const body = end < 0 ? new Uint8Array() : bytes.subarray(end + 1);
  const [verb = '', path = ''] = line.split(' ');
  const head = [
    `${verb} ${path} HTTP/1.1`,
    `host: 127.0.0.1:${server.port}`,
    `authorization: Bearer ${cookie}`,
    'connection: close',
    ...(body.length === 0 ? [] : ['content-type: application/json', `content-length: ${body.length}`]),
  ];
  const answer = await exchange(
    server.port,
    Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]),
  );
  faults.check();
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
  if (status === undefined) return refused('no answer in time');
  const text = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  const isOurs = answer.includes('content-type: application/json') && !answer.includes('transfer-encoding');
  if (isOurs && verb !== 'HEAD') JSON.parse(text);
  return refused(`status ${'s'.repeat(Number(status) / 100)} ${verb.length < 8 ? verb : ''} ${shown(text)}`);
}

function shown(text: string): string {
  return /"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]?.replaceAll('\\"', '') ?? '';
}

/** A call that waits for a block is left after this. */
const patienceMs = 100;

/** All that the server says to `request`, until it ends the connection. */
function exchange(port: number, request: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    const chunks: Buffer[] = [];
    socket.on('data', chunk => chunks.push(chunk));
    socket.setTimeout(patienceMs, () => socket.destroy());
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // A server that refuses a request may end the connection before it has read all of it.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
    socket.write(request);
  });
}

function cursorTarget(name: string, places: readonly (string | number)[], run: (text: string) => Outcome): Target {
  const seeds = places.map(place =>
    toUtf8(typeof place === 'string' ? encodeCursor('scan', place) : encodeCursor('history', place)),
  );
  return { ...textTarget(name, seeds, run), shape: 'text' };
}

function rpcSeeds(): readonly Uint8Array[] {
  const calls = methodNames.map((method, id) => ({ jsonrpc: '2.0', id, method, params: rowOf(method).example.params }));
  return [...calls, calls.slice(0, 3), []].map(message => toUtf8(JSON.stringify(message)));
}

function restSeeds(): readonly Uint8Array[] {
  const texts = methodNames.flatMap(name => rowOf(name).routes.map(route => restSeed(name, route)));
  return [...texts, 'GET /healthz', 'GET /readyz', 'GET /openapi.json', 'POST /\n[]'].map(toUtf8);
}

/** The example of a method as a request of a route. */
function restSeed(name: MethodName, { verb, path, when }: ReturnType<typeof rowOf>['routes'][number]): string {
  const params = new Map<string, unknown>(Object.entries({ ...when, ...rowOf(name).example.params }));
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, parameter: string) => {
    const value = params.get(parameter);
    params.delete(parameter);
    return encodeURIComponent(String(value));
  });
  if (verb === 'PUT' || verb === 'POST') return `${verb} ${filled}\n${JSON.stringify(Object.fromEntries(params))}`;
  const query = [...params].map(([parameter, value]) => `${parameter}=${encodeURIComponent(String(value))}`).join('&');
  return `${verb} ${filled}${query === '' ? '' : `?${query}`}`;
}
