/**
 * The connections of the server, so that none of them takes the node's time, its memory or the places of the others. One connection is
 * answered one request at a time, whatever it pipelines; a place goes from who does nothing, or does not take its answer, to who comes;
 * what is left unread is bounded in all; and an exchange has an end.
 */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { DoorLimits } from './server-settings.ts';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What a connection does: nothing, HTTP, or something else than HTTP since its upgrade. */
type Work = Exchange | 'upgraded' | null;

interface Connection {
  work: Work;
  /** Requests that came behind the one in work, in their order. */
  readonly waiting: Exchange[];
  /** Set back by each exchange that begins; one that is still under way when it ends is cut. */
  readonly deadline: NodeJS.Timeout;
}

export interface ConnectionOptions {
  readonly limits: DoorLimits;
  readonly connectionEvent: 'connection' | 'secureConnection';
  readonly answer: RequestListener;
}

export class Connections {
  readonly #limits: DoorLimits;
  readonly #answer: RequestListener;
  /** In the order of arrival. */
  readonly #open = new Map<Duplex, Connection>();

  constructor(server: Server, { limits, connectionEvent, answer }: ConnectionOptions) {
    this.#limits = limits;
    this.#answer = answer;
    server.on(connectionEvent, (socket: Duplex) => this.#add(socket));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.#take({ request, response }));
    server.on('upgrade', ({ socket }: IncomingMessage) => this.#upgrade(socket));
  }

  /** Cuts the connections that leave most unread until what all leave unread is within its limit. */
  makeRoom(): void {
    let unreadBytes = 0;
    for (const socket of this.#open.keys()) unreadBytes += socket.writableLength;
    while (unreadBytes > this.#limits.unreadBytesMax) {
      const [largest] = [...this.#open.keys()].sort((one, other) => other.writableLength - one.writableLength);
      if (largest === undefined) return;
      unreadBytes -= largest.writableLength;
      this.#drop(largest);
    }
  }

  #add(socket: Duplex): void {
    if (this.#open.size >= this.#limits.connectionsMax) {
      const dispensable = this.#oldest(isIdle) ?? this.#oldest(isUnread);
      if (dispensable === null) {
        socket.destroy();
        return;
      }
      this.#drop(dispensable);
    }
    const deadline = setTimeout(() => this.#overdue(socket), this.#limits.exchangeTimeoutMs).unref();
    this.#open.set(socket, { work: null, waiting: [], deadline });
    socket.once('close', () => this.#drop(socket));
  }

  #take(exchange: Exchange): void {
    const { socket } = exchange.request;
    const connection = this.#open.get(socket);
    // The parser goes on to the end of what it has read, even when the connection was cut.
    if (connection === undefined) return;
    if (connection.work === null) this.#begin(connection, exchange);
    else if (connection.waiting.length < this.#limits.pipelinedMax) connection.waiting.push(exchange);
    else this.#drop(socket);
  }

  #begin(connection: Connection, exchange: Exchange): void {
    const { request, response } = exchange;
    connection.work = exchange;
    connection.deadline.refresh();
    // It is ended, and what the system did not take of it at once stands in the socket's buffer.
    response.once('prefinish', () => {
      if (request.socket.writableLength > 0) this.makeRoom();
    });
    response.once('close', () => this.#end(request.socket));
    this.#answer(request, response);
  }

  /** The next one waits for the others' turn: a connection that pipelines is no faster than one that does not. */
  #end(socket: Duplex): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    const next = connection.waiting.shift() ?? null;
    connection.work = next;
    if (next === null) return;
    setImmediate(() => {
      if (this.#open.has(socket)) this.#begin(connection, next);
    });
  }

  #upgrade(socket: Duplex): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    // Whoever speaks another protocol has had its answers.
    if (connection.work === null) connection.work = 'upgraded';
    else this.#drop(socket);
  }

  #overdue(socket: Duplex): void {
    const work = this.#open.get(socket)?.work ?? null;
    if (work !== null && work !== 'upgraded') this.#drop(socket);
  }

  #drop(socket: Duplex): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    this.#open.delete(socket);
    clearTimeout(connection.deadline);
    socket.destroy();
  }

  #oldest(isDispensable: (work: Work) => boolean): Duplex | null {
    for (const [socket, { work }] of this.#open) if (isDispensable(work)) return socket;
    return null;
  }
}

/** It has not sent a whole request. */
function isIdle(work: Work): boolean {
  return work === null || (work !== 'upgraded' && !work.request.complete);
}

/** It was answered and does not take the answer. */
function isUnread(work: Work): boolean {
  return work !== null && work !== 'upgraded' && work.response.writableEnded;
}
