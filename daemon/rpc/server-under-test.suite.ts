/** A server over a little node, on a free port of the loopback address, for one test; and raw requests to it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicKeyOf } from '../../chain/keys.ts';
import type { Logger } from '../logging.ts';
import { Links } from '../network/links.ts';
import { systemClock, systemRandom } from '../system.ts';
import { cookieName } from './auth.ts';
import type { ApiHost } from './context.ts';
import { aliceKey, LittleNode } from './little-node.suite.ts';
import { startApiServer } from './server.ts';
import { type ApiServer, defaultRate, type ServerSettings } from './server-settings.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape.
  readonly json: any;
}

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text as it is; anything else as JSON. */
  readonly body?: unknown;
}

export interface UnderTest {
  readonly node: LittleNode;
  readonly server: ApiServer;
  readonly cookie: string;
  readonly dataDir: string;
  readonly events: string[];
  readonly logged: string[];
  ask(ask: Ask): Promise<Reply>;
  /** One JSON-RPC call as the admin. */
  rpc(method: string, params?: unknown): Promise<Reply['json']>;
  close(): Promise<void>;
}

export interface UnderTestOptions {
  readonly node?: LittleNode;
  readonly settings?: Partial<ServerSettings>;
  /** Without one plain forms are refused. */
  readonly account?: 'alice' | null;
}

export async function startUnderTest(options: UnderTestOptions = {}): Promise<UnderTest> {
  const node = options.node ?? new LittleNode();
  const dataDir = mkdtempSync(join(tmpdir(), 'kvchain-rpc-'));
  const events: string[] = [];
  const logged: string[] = [];
  const write = (data: object, message: string): void => {
    logged.push(`${message} ${String(Object.values(data).find(value => value instanceof Error) ?? '')}`);
  };
  const log: Logger = { error: write, warn: write, info: write, debug: write };
  const api: ApiHost = {
    node,
    links: new Links({ clock: systemClock, random: systemRandom }),
    account: options.account === null ? null : { secretKey: aliceKey, publicKey: publicKeyOf(aliceKey) },
    version: '0.0.0',
    startedAtMs: 1_700_000_000_000,
    now: () => 1_700_000_001_000,
    requestStop: () => events.push('stop'),
    crash: () => events.push('crash'),
  };
  const settings: ServerSettings = {
    host: '127.0.0.1',
    port: 0,
    dataDir,
    tokens: [],
    allowedHosts: [],
    tls: null,
    rate: defaultRate,
    ...options.settings,
  };
  const meter = {
    call: (method: string) => events.push(`call ${method}`),
    text: async () => {
      events.push('metrics');
      return 'kvchain_up 1\n';
    },
    contentType: 'text/plain',
  };
  const server = await startApiServer(settings, { api, log, meter });
  const cookie = readFileSync(join(dataDir, cookieName), 'utf8').trim();
  const ask = (asked: Ask): Promise<Reply> => send(server.port, asked);
  return {
    node,
    server,
    cookie,
    dataDir,
    events,
    logged,
    ask,
    rpc: async (method, params) =>
      (await ask({ headers: { authorization: `Bearer ${cookie}` }, body: { jsonrpc: '2.0', id: 1, method, params } }))
        .json,
    close: async () => {
      await server.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A raw request, so that a test can say what no honest client says. POST / with a body when nothing else is asked for. */
function send(port: number, { method, path = '/', headers = {}, body }: Ask): Promise<Reply> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        path,
        agent: false,
        headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      },
      response => {
        const chunks: Buffer[] = [];
        response.on('data', chunk => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString('utf8');
          const json = answer.startsWith('{') || answer.startsWith('[') ? JSON.parse(answer) : null;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: answer, json });
        });
      },
    );
    request.on('error', reject);
    request.end(text);
  });
}
