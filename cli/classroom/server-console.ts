/** The console of a server: what it holds, its links, its life, and what it does meanwhile. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Classroom, type ClassroomServer, named } from '../../daemon/classroom/classroom-file.ts';
import { passOverSilence } from '../../daemon/classroom/silence.ts';
import { tellOf } from '../failure.ts';
import { type ConsoleActor, type ConsoleCommand, wrongUse } from './console.ts';
import { dataCommands } from './data-commands.ts';
import { linkCommands } from './link-commands.ts';
import { clientOf } from './server-client.ts';
import { Watch } from './watch.ts';

/** Between two looks at what the server did. */
const watchMs = 100;

/** Error thrown: USAGE for a server that there is not. */
export function serverActor(classroom: Classroom, given: string): ConsoleActor {
  const server = named('server', classroom.servers, given);
  const ask = async (after: number) => (await clientOf(server).call('node_trace', { after })).entries;
  const watch = new Watch(ask, { self: server.name, members: classroom.servers.map(({ name }) => name) });
  let print = (_: string) => {};
  return {
    name: server.name,
    start: (given, signal) => {
      print = given;
      void follow(watch, print, signal); // It tells its own failure.
    },
    rest: async () => {
      for (const text of await watch.look()) print(text);
    },
    commands: [
      ...dataCommands(server),
      ...linkCommands(classroom, server),
      ...lifeCommands(server),
      {
        name: 'trace',
        usage: 'trace on|off',
        does: 'tells every message that is sent and received: from, to, type, ballot <seq_num, proc_id, depth>',
        run: async rest => {
          if (rest !== 'on' && rest !== 'off') throw wrongUse('trace on or trace off');
          watch.isFull = rest === 'on';
          return `trace ${rest}`;
        },
      },
    ],
  };
}

/** Tells what the server does, until the signal; what was before the console is not told. */
async function follow(watch: Watch, print: (text: string) => void, signal: AbortSignal): Promise<void> {
  try {
    await watch.look();
    while (!signal.aborted) {
      for (const text of await watch.look()) print(text);
      await pause(watchMs, undefined, { signal }).catch(() => {});
    }
  } catch (error) {
    const { message, action } = tellOf(error);
    print(`What the server does is not told from here on: ${message}\n  ${action}`);
  }
}

function lifeCommands(server: ClassroomServer): readonly ConsoleCommand[] {
  return [
    {
      name: 'failProcess',
      usage: 'failProcess',
      does: `kills ${server.name} (SIGKILL); \`kvchain-testnet restart ${server.name}\` resumes it`,
      run: async () => {
        await clientOf(server).call('node_crash', {}).catch(passOverSilence);
        return `${server.name} is killed; \`kvchain-testnet restart ${server.name}\` resumes it where it was, links that failed here good again`;
      },
    },
    {
      name: 'lead',
      usage: 'lead',
      does: 'a Leader message to this server',
      run: async () => `${server.name} is ${(await clientOf(server).call('consensus_lead', {})).role}`,
    },
  ];
}
