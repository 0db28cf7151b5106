/** The console of a client: one operation after the other, and whom it takes for the leader. */
import { fromUtf8, toHex } from '../../chain/bytes.ts';
import { type Classroom, named } from '../../daemon/classroom/classroom-file.ts';
import { LeaderClient, type Reply } from '../../daemon/classroom/leader-client.ts';
import { visible } from '../output.ts';
import type { ConsoleActor } from './console.ts';
import { clientOf } from './server-client.ts';
import { readOperation } from './typed-line.ts';

/** Error thrown: USAGE for a client that there is not. */
export function clientActor(classroom: Classroom, given: string): ConsoleActor {
  const { name, secretKey } = named('client', classroom.clients, given);
  const servers = classroom.servers.map(server => ({ name: server.name, client: () => clientOf(server) }));
  let say = (_: string) => {};
  let ending = new AbortController().signal;
  const { delayMs, timeoutMs } = classroom;
  const client = new LeaderClient({
    servers,
    secretKey,
    delayMs,
    timeoutMs,
    tell: sentence => say(sentence),
  });
  return {
    name,
    start: (tell, signal) => {
      say = tell;
      ending = signal;
    },
    rest: async () => {},
    commands: [
      {
        name: 'Operation',
        usage: 'Operation(op, key, value)',
        does: 'put or get; a get has no value',
        run: async rest => replyText(await client.operate(readOperation(rest), ending)),
      },
      {
        name: 'leader',
        usage: 'leader [server]',
        does: 'tells whom this client takes for the leader, or takes this one for it',
        run: async rest => {
          if (rest !== '') client.follow(named('server', servers, rest).name);
          return client.hint;
        },
      },
    ],
  };
}

/** "ack", the value as it was put, or NO_KEY. */
function replyText({ type, value, code }: Reply): string {
  if (type === 'failed') return `failed: ${code}`;
  if (type === 'ack') return 'ack';
  if (value === null) return 'NO_KEY';
  const text = fromUtf8(value);
  return text === null ? `0x${toHex(value)}` : visible(text);
}
