/**
 * How the server answers: JSON-RPC at POST /, REST under /v1, WebSocket at /v1/ws, health and metrics; and the order in which a request is
 * checked. Everything that a stranger could send too much or too slowly of has a limit here.
 */
import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
  onRequestAsyncHookHandler,
} from 'fastify';
import { failpoint } from '#failpoint';
import { type ErrorCode, errorRow, KvchainError, type Result, reject } from '../../chain/errors.ts';
import { onDemand } from '../on-demand.ts';
import type { MethodName } from './api.ts';
import { type Authenticator, failureDelayMs } from './auth.ts';
import { Connections } from './connections.ts';
import { type Caller, refusalOf } from './context.ts';
import { call } from './dispatch.ts';
import { fastify, websocket } from './fastify.ts';
import { guardFor } from './guard.ts';
import { parseJsonBytes } from './json.ts';
import { answerMessage, refuse } from './json-rpc.ts';
import { makeServer, portOf, setCertificate } from './listener.ts';
import { isScopeEnough } from './method.ts';
import { openApiDocument } from './open-api.ts';
import { RateLimiter } from './rate.ts';
import { addRestRoutes, sendRefusal } from './rest.ts';
import { securityHeaders } from './security-headers.ts';
import {
  type ApiServer,
  bodyBytesMax,
  callTimeoutMs,
  closeGraceMs,
  type DoorLimits,
  doorLimits,
  headerBytesMax,
  type ServerParts,
  type ServerSettings,
  socketsMax,
} from './server-settings.ts';
import { closeCodes, SocketSession, socketMessageBytesMax } from './socket.ts';
import { WaitingPlaces } from './wait.ts';

const strangers: Caller = { name: 'stranger', scope: null, hasCredential: false };
const rpcPath = '/';
const openPaths = new Set(['/healthz', '/readyz']);
/** The name under which a request knows its caller. */
const callerName = 'caller';

/** What its parser made of the body; undefined when there was none. */
type RpcBody = ReturnType<typeof parseJsonBytes> | undefined;

/** No route has a schema of fastify's: without these two it loads its compilers of schemas at every start. */
const noSchemas = { buildValidator: refuseSchema, buildSerializer: refuseSchema };

interface Denial {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly status?: number;
  /** How long the answer waits. */
  readonly delayMs?: number;
}

export class Door {
  readonly #settings: ServerSettings;
  readonly #parts: ServerParts;
  readonly #limits: DoorLimits;
  readonly #authenticator: Authenticator;
  readonly #server: ReturnType<typeof makeServer>;
  #connections: Connections | null = null;
  readonly #app: FastifyInstance;
  readonly #rate: RateLimiter;
  readonly #closing = new AbortController();
  readonly #sessions = new Set<SocketSession>();
  readonly #waiting: WaitingPlaces;
  #guard: ReturnType<typeof guardFor> = () => reject('STOPPING', 'not open yet');

  constructor(settings: ServerSettings, parts: ServerParts, authenticator: Authenticator) {
    this.#settings = settings;
    this.#parts = parts;
    this.#authenticator = authenticator;
    this.#rate = new RateLimiter(settings.rate, () => performance.now());
    this.#limits = { ...doorLimits, ...settings.limits };
    const limits = this.#limits;
    this.#waiting = new WaitingPlaces(Math.floor(limits.connectionsMax / 2));
    this.#server = makeServer(settings.tls, limits);
    this.#app = fastify({
      serverFactory: answer => {
        const connectionEvent = settings.tls === null ? 'connection' : 'secureConnection';
        this.#connections = new Connections(this.#server, { limits, connectionEvent, answer });
        return this.#server;
      },
      bodyLimit: bodyBytesMax,
      schemaController: { compilersFactory: noSchemas },
      routerOptions: { maxParamLength: headerBytesMax },
      frameworkErrors: (error, request, reply) => {
        this.#onError(error, request, reply);
      },
    });
  }

  async open(): Promise<ApiServer> {
    const { host, tls } = this.#settings;
    const headers = await securityHeaders();
    await this.#app.register(websocket, { options: { maxPayload: socketMessageBytesMax } });
    this.#app.removeAllContentTypeParsers();
    this.#app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
      const parsed = body.length === 0 ? { ok: true as const, value: undefined } : parseJsonBytes(Buffer.from(body));
      // JSON-RPC has its own form of a refusal, so its route looks at the result itself.
      if (routeOf(request) === rpcPath) done(null, parsed);
      else if (parsed.ok) done(null, parsed.value);
      else done(new KvchainError(parsed.error.code, parsed.error.detail));
    });
    this.#app.decorateRequest(callerName, null);
    this.#app.addHook('onRequest', (request, reply, done) => this.#admit(request, reply.headers(headers), done));
    this.#app.addHook('onSend', (_request, _reply, payload, done) => {
      failpoint('before', 'http-answer');
      done(null, payload);
    });
    this.#app.addHook('onResponse', (_request, _reply, done) => {
      failpoint('after', 'http-answer');
      done();
    });
    this.#app.setErrorHandler<FastifyError>((error, request, reply) => this.#onError(error, request, reply));
    this.#app.setNotFoundHandler((request, reply) =>
      sendRefusal(reply, 'METHOD_NOT_FOUND', `no ${request.method} ${request.url.slice(0, 200)}`),
    );
    this.#addRoutes();
    await this.#listen();
    const port = portOf(this.#server);
    this.#guard = guardFor({ hosts: this.#settings.allowedHosts, isTls: tls !== null }, { host, port });
    const shown = host.includes(':') ? `[${host}]` : host;
    return {
      url: `${tls === null ? 'http' : 'https'}://${shown}:${port}`,
      port,
      setCertificate: files => setCertificate(this.#server, files),
      close: () => this.#close(),
    };
  }

  #addRoutes(): void {
    this.#app.post<{ Body: RpcBody }>(rpcPath, (request, reply) => this.#answerRpc(request.body, request, reply));
    addRestRoutes(this.#app, {
      spend: (calls, request) => this.#rate.take(this.#callerOf(request).name, calls),
      call: (name, params, request) => this.#call(name, params, request),
    });
    this.#app.get('/v1/ws', { websocket: true }, (socket, request) => this.#addSession(socket, request));
    this.#app.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }));
    this.#app.get('/readyz', (_request, reply) => {
      const { isSyncing, head, targetHeight } = this.#parts.api.node.status();
      const body = { status: isSyncing ? 'syncing' : 'ready', height: head.header.height, targetHeight };
      return reply.code(isSyncing ? 503 : 200).send(body);
    });
    const spend: onRequestAsyncHookHandler = async (request, reply) =>
      this.#rate.take(this.#callerOf(request).name, 1)
        ? undefined
        : sendRefusal(reply, 'RATE_EXCEEDED', 'too many calls in a short time');
    this.#app.get('/metrics', { onRequest: spend }, async (_request, reply) =>
      reply.header('content-type', this.#parts.meter.contentType).send(await this.#parts.meter.text()),
    );
    const openApi = onDemand(() => JSON.stringify(openApiDocument(this.#parts.api.version)));
    this.#app.get('/openapi.json', { onRequest: spend }, (_request, reply) =>
      reply.header('content-type', 'application/json; charset=utf-8').send(openApi()),
    );
  }

  #admit(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    const denial = this.#denialOf(request);
    if (denial === null) done();
    else if (denial.delayMs === undefined) this.#deny(request, reply, denial);
    // Not ended with the request: a guesser that hangs up must not get its slot back early.
    else
      setTimeout(() => {
        this.#deny(request, reply, denial);
      }, denial.delayMs);
  }

  /** In order of cost: path, host and origin, token, scope of what is no method. Leaves a caller behind when there is none. */
  #denialOf(request: FastifyRequest): Denial | null {
    if (this.#closing.signal.aborted) return { code: 'STOPPING', detail: 'the node is stopping' };
    const guarded = this.#guard(request.raw);
    if (!guarded.ok) return guarded.error;
    if (openPaths.has(routeOf(request))) return null;
    const caller = this.#authenticator.identify(request.headers.authorization, request.ip);
    if (caller === null) return { code: 'UNAUTHORIZED', detail: 'the token is wrong', delayMs: failureDelayMs };
    if (caller.scope === null) return { code: 'UNAUTHORIZED', detail: 'a token is needed' };
    if (!isScopeEnough(caller.scope, 'read')) return { code: 'FORBIDDEN', detail: 'no scope' };
    request.setDecorator(callerName, caller);
    return null;
  }

  async #answerRpc(parsed: RpcBody, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const caller = this.#callerOf(request);
    const answer =
      parsed?.ok === true && parsed.value !== undefined
        ? await answerMessage(parsed.value, {
            isSocket: false,
            spend: calls => this.#rate.take(caller.name, calls),
            isGone: () => reply.raw.destroyed,
            call: this.#callsOf(request, reply),
          })
        : refuse('PARSE_ERROR', parsed?.ok === false ? parsed.error.detail : 'no body: expected a JSON-RPC request');
    if (answer.text === null) return reply.code(204).send();
    if (answer.code === 'RATE_EXCEEDED') reply.header('retry-after', '1');
    reply.code(answer.code !== null && transportCodes.has(answer.code) ? errorRow(answer.code).http : 200);
    return reply.header('content-type', 'application/json; charset=utf-8').send(answer.text);
  }

  /** All calls of one request share its end and its deadline. */
  #callsOf(
    request: FastifyRequest,
    reply: FastifyReply,
  ): (name: MethodName, params: unknown) => Promise<Result<unknown>> {
    const { api, log } = this.#parts;
    const closing = this.#closing.signal;
    let signal: AbortSignal | null = null;
    const context = {
      host: api,
      log,
      caller: this.#callerOf(request),
      deadlineMs: performance.now() + callTimeoutMs,
      waiting: this.#waiting,
      session: null,
      /** Made for who waits; most calls do not. */
      get signal() {
        signal ??= AbortSignal.any([goneOf(reply), closing]);
        return signal;
      },
    };
    return async (name, params) => {
      const startedMs = performance.now();
      const result = await call(name, params, context);
      this.#measure(name, result, (performance.now() - startedMs) / 1_000);
      return result;
    };
  }

  #call(
    name: MethodName,
    params: unknown,
    { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  ): Promise<Result<unknown>> {
    return this.#callsOf(request, reply)(name, params);
  }

  #measure(name: MethodName, result: Result<unknown>, seconds: number): void {
    this.#parts.meter.call(name, seconds, result.ok ? null : result.error.code);
  }

  #addSession(socket: ConstructorParameters<typeof SocketSession>[0], request: FastifyRequest): void {
    if (this.#sessions.size >= socketsMax) {
      socket.close(closeCodes.tryAgainLater, `at most ${socketsMax} WebSockets`);
      return;
    }
    const caller = this.#callerOf(request);
    const session = new SocketSession(socket, {
      api: this.#parts.api,
      log: this.#parts.log,
      caller,
      callTimeoutMs,
      limits: this.#limits,
      spend: calls => this.#rate.take(caller.name, calls),
      onSent: () => this.#connections?.makeRoom(),
      onCall: (name, result, seconds) => this.#measure(name, result, seconds),
    });
    this.#sessions.add(session);
    socket.once('close', () => this.#sessions.delete(session));
  }

  #callerOf(request: FastifyRequest): Caller {
    return request.getDecorator<Caller | null>(callerName) ?? strangers;
  }

  /** Refuses a whole request in the form of its route, with the table's status where no other is given. */
  #deny(request: FastifyRequest, reply: FastifyReply, { code, detail, status }: Denial): FastifyReply {
    const isRpc = routeOf(request) === rpcPath;
    const text = isRpc ? refuse(code, detail).text : JSON.stringify(refusalOf(code, detail));
    if (code === 'UNAUTHORIZED') reply.header('www-authenticate', 'Bearer');
    return reply
      .code(status ?? errorRow(code).http)
      .header('content-type', 'application/json; charset=utf-8')
      .send(text);
  }

  /** What fastify refused, in the table's words; anything else is our fault and stays in the log. */
  #onError(
    error: Error & { readonly code?: string; readonly statusCode?: number },
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply {
    if (error instanceof KvchainError) return this.#deny(request, reply, { code: error.code, detail: error.message });
    const status = error.statusCode ?? 500;
    if (status === 413) {
      return this.#deny(request, reply, { code: 'TOO_LARGE', detail: `body too large: at most ${bodyBytesMax} bytes` });
    }
    if (status === 415) {
      return this.#deny(request, reply, {
        status,
        code: 'INVALID_REQUEST',
        detail: 'content-type: expected application/json',
      });
    }
    if (error.code === 'FST_ERR_BAD_URL') {
      const detail = `path: ${request.url.slice(0, 200)} is not UTF-8 in percent-encoding`;
      return this.#deny(request, reply, { code: 'INVALID_REQUEST', detail });
    }
    if (status < 500)
      return this.#deny(request, reply, { code: 'INVALID_REQUEST', detail: 'the request is malformed' });
    this.#parts.log.error({ error, url: request.url.slice(0, 200) }, 'request failed');
    return this.#deny(request, reply, {
      code: 'INTERNAL',
      detail: 'the node met a fault of its own; its log has the details',
    });
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#settings;
    try {
      await this.#app.listen({ host, port });
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE') {
        throw new KvchainError('PORT_IN_USE', `port ${port} at ${host} is taken`, { cause });
      }
      throw cause;
    }
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    for (const session of this.#sessions) session.close(closeCodes.goingAway, 'the node is stopping');
    const cut = setTimeout(() => {
      for (const session of this.#sessions) session.terminate();
      this.#server.closeAllConnections();
    }, closeGraceMs);
    try {
      await this.#app.close();
    } finally {
      clearTimeout(cut);
      this.#authenticator.close();
    }
  }
}

/** Refusals of the whole request, which say so in the HTTP status too; what a method answers travels with 200. */
const transportCodes = new Set<ErrorCode>([
  'PARSE_ERROR',
  'INVALID_REQUEST',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'RATE_EXCEEDED',
  'TOO_LARGE',
]);

/** Aborts when the caller has gone before its answer was sent. */
function goneOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (reply.raw.destroyed) gone.abort();
  else
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
  return gone.signal;
}

function routeOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

function refuseSchema(): never {
  throw new KvchainError('INTERNAL', 'the shapes of the API are the table of methods, not schemas of routes');
}
