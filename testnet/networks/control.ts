/** Orders to a running network from another terminal: one JSON line over a socket of its owner alone, and one line back. */
import { once } from 'node:events';
import { mkdtemp, rm, rmdir } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { isErrorCode, KvchainError } from '../../chain/errors.ts';
import { z } from '../../daemon/zod.ts';
import { failureOf } from '../failure.ts';

const index = z.int().min(0);

export const orderSchema = z.discriminatedUnion('order', [
  z.strictObject({ order: z.literal('ps') }),
  z.strictObject({ order: z.literal('down') }),
  z.strictObject({ order: z.literal('kill'), index, how: z.enum(['term', 'kill']) }),
  z.strictObject({ order: z.literal('restart'), index }),
  z.strictObject({ order: z.literal('pause'), index }),
  z.strictObject({ order: z.literal('resume'), index }),
  z.strictObject({ order: z.literal('partition'), groups: z.array(z.array(index)) }),
  z.strictObject({ order: z.literal('heal') }),
  z.strictObject({ order: z.literal('delay'), from: index, to: index, delayMs: z.int().min(0) }),
  z.strictObject({ order: z.literal('drop'), from: index, to: index, lossRate: z.number() }),
]);

export type Order = Readonly<z.output<typeof orderSchema>>;

const answerSchema = z.union([
  z.object({ value: z.unknown() }),
  z.object({ code: z.string(), message: z.string(), action: z.string() }),
]);
/** The network ended before it answered. */
const lostAnswer = JSON.stringify({
  code: 'STOPPING',
  message: 'the network has ended meanwhile',
  action: 'Start it again.',
});
const orderBytesMax = 65_536;

export interface ControlServer {
  readonly socket: string;
  close(): Promise<void>;
}

/** Takes orders, one after the other, and answers each with what `carryOut` gives or throws. */
export async function listenForOrders(carryOut: (order: Order) => Promise<unknown>): Promise<ControlServer> {
  // A short path: the system allows about 100 bytes.
  const socket = join(await mkdtemp(join(tmpdir(), 'kvchain-')), 'orders');
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (order: Order): Promise<unknown> => {
    const done = turn.then(() => carryOut(order));
    turn = done.catch(() => {});
    return done;
  };
  const server = createServer({ allowHalfOpen: true }, connection => {
    answer(connection, inTurn).catch(() => connection.destroy());
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    socket,
    close: async () => {
      server.close();
      await removeSocket(socket);
    },
  };
}

/** Removes the socket and its folder, also those of a network whose `up` was killed; a folder that holds anything else stays. */
export async function removeSocket(socket: string): Promise<void> {
  await rm(socket, { force: true });
  await rmdir(dirname(socket)).catch(() => {});
}

async function answer(connection: Socket, carryOut: (order: Order) => Promise<unknown>): Promise<void> {
  connection.on('error', () => {});
  const said = await readLimited(connection);
  const outcome = await Promise.resolve()
    .then(() => carryOut(orderSchema.parse(JSON.parse(said))))
    .then(
      value => ({ value: value ?? null }),
      (error: unknown) => {
        const told = failureOf(error) ?? new KvchainError('INTERNAL', String(error));
        return { code: told.code, message: told.message, action: told.action };
      },
    );
  connection.end(JSON.stringify(outcome));
}

/** Not by iteration, which would close the connection before the answer. */
function readLimited(connection: Socket): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    connection.setEncoding('utf8').on('data', chunk => {
      said += chunk;
      if (said.length > orderBytesMax) reject(new KvchainError('TOO_LARGE', 'an order is too long'));
    });
    connection.once('end', () => resolve(said)).once('close', () => reject(new Error('the other end is gone')));
  });
}

/** Gives an order and the answer to it. Errors thrown: UNREACHABLE when nobody listens, else what the network answered. */
export async function giveOrder(socket: string, order: Order): Promise<unknown> {
  const connection = connect({ path: socket, allowHalfOpen: true });
  try {
    await once(connection, 'connect');
  } catch (cause) {
    throw new KvchainError('UNREACHABLE', 'the network does not run any more', {
      cause,
      action: '`kvchain-testnet down` ends what was left; `kvchain-testnet up` starts a new one.',
    });
  }
  connection.end(JSON.stringify(order));
  const answered = answerSchema.parse(JSON.parse((await text(connection)) || lostAnswer));
  if ('value' in answered) return answered.value;
  const code = isErrorCode(answered.code) ? answered.code : 'INTERNAL';
  throw new KvchainError(code, answered.message, { action: answered.action });
}
