/** The console of a server: what it holds, its links, its life, and what it does meanwhile. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Classroom, type ClassroomServer, named } from '../../daemon/classroom/classroom-file.ts';
import { type ConsoleActor, type ConsoleCommand, passOverSilence, wrongUse } from './console.ts';
import { dataCommands } from './data-commands.ts';
import { linkCommands } from './link-commands.ts';
import { type Narrator, tell, tellMessage } from './narration.ts';
import { clientOf } from './server-client.ts';

/** Between two looks at what the server did. */
const watchMs = 100;

/** Error thrown: USAGE for a server that there is not. */
export function serverActor(classroom: Classroom, given: string): ConsoleActor {
  const server = named('server', classroom.servers, given);
  const watch = new Watch(classroom, server);
  return {
    name: server.name,
    start: (print, signal) => void watch.run(print, signal),
    rest: () => watch.rest(),
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

/** Tells what the server does, from its beginning on, also after it was killed and restarted. */
class Watch {
  isFull = false;
  readonly #narrator: Narrator;
  readonly #server: ClassroomServer;
  #last = 0;
  #print: (text: string) => void = () => {};

  constructor({ servers }: Classroom, server: ClassroomServer) {
    this.#server = server;
    this.#narrator = { self: server.name, members: servers.map(({ name }) => name) };
  }

  /** What was before the console is not told. */
  async run(print: (text: string) => void, signal: AbortSignal): Promise<void> {
    await this.#look();
    this.#print = print;
    while (!signal.aborted) {
      await this.#look();
      await pause(watchMs, undefined, { signal }).catch(() => {});
    }
  }

  async rest(): Promise<void> {
    await this.#look();
  }

  async #look(): Promise<void> {
    try {
      const { entries } = await clientOf(this.#server).call('node_trace', { after: this.#last });
      for (const entry of entries) {
        if (entry.number <= this.#last) continue;
        this.#last = entry.number;
        const sentence = tell(entry, this.#narrator);
        const message = this.isFull ? tellMessage(entry, this.#narrator) : null;
        for (const text of [message, sentence]) if (text !== null) this.#print(text);
      }
    } catch {
      // It was killed: whoever restarts it begins to count anew.
      this.#last = 0;
    }
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
        return `${server.name} is killed; \`kvchain-testnet restart ${server.name}\` resumes it where it was`;
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
