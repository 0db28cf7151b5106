/** Clients of a classroom whose operations are remembered, to be judged afterwards: what was asked, what was told, and when. */
import { fromUtf8, toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import type { Operation as ChainOperation } from '../../chain/operation.ts';
import { LeaderClient, type Reply } from '../../daemon/classroom/leader-client.ts';
import { newSecret } from '../../daemon/keystore/keystore.ts';
import type { Answer, Call, Operation } from '../linearizability/history.ts';
import type { RunningNetwork } from '../networks/network.ts';
import { clientOf } from './laboratory.ts';

export interface ClassroomTimes {
  readonly delayMs: number;
  readonly timeoutMs: number;
}

export class RecordedClient {
  readonly name: string;
  readonly history: Operation[] = [];
  readonly #client: LeaderClient;
  readonly #signal: AbortSignal;
  #reached: readonly string[];

  constructor(name: string, network: RunningNetwork, { delayMs, timeoutMs }: ClassroomTimes, signal: AbortSignal) {
    const servers = network.members.map(({ name: server, index }) => ({
      name: server,
      client: () => {
        if (this.#reached.includes(server)) return clientOf(network, index);
        throw new KvchainError('UNREACHABLE', `${name} is cut off from ${server}`);
      },
    }));
    this.name = name;
    this.#reached = servers.map(server => server.name);
    this.#signal = signal;
    this.#client = new LeaderClient({ servers, secretKey: newSecret(), delayMs, timeoutMs, tell: () => {} });
  }

  /** From here on a cut lies between it and all other servers. */
  reachOnly(servers: readonly string[]): void {
    this.#reached = servers;
  }

  /** Sends its next operation to this server. */
  turnTo(server: string): void {
    this.#client.follow(server);
  }

  put(key: string, value: string): Promise<Reply> {
    const operation = { type: 'put', key, value: toUtf8(value), contentType: '', expectedVersion: null } as const;
    return this.#record(operation, key, { type: 'put', value, expectedVersion: null });
  }

  get(key: string): Promise<Reply> {
    return this.#record({ type: 'get', key }, key, { type: 'get' });
  }

  /** Without a reply the operation may have taken effect, now or later. */
  async #record(operation: ChainOperation, key: string, call: Call): Promise<Reply> {
    const invokedMs = Math.round(performance.now());
    const at = this.history.push({ client: this.name, key, call, invokedMs, returned: null }) - 1;
    const reply = await this.#client.operate(operation, this.#signal);
    const returned = { ms: Math.round(performance.now()), answer: answerOf(reply) };
    this.history[at] = { client: this.name, key, call, invokedMs, returned };
    return reply;
  }
}

function answerOf({ type, value }: Reply): Answer {
  if (type === 'failed') return { type: 'refused' };
  if (type === 'ack') return { type: 'done' };
  return { type: 'found', value: value === null ? null : fromUtf8(value) };
}
