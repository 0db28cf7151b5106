/** The links of a server: failed, fixed and slowed on purpose, and what is said over them. */

import { type Classroom, type ClassroomServer, named } from '../../daemon/classroom/classroom-file.ts';
import { passOverSilence } from '../../daemon/classroom/silence.ts';
import { CommandError } from '../failure.ts';
import { type ConsoleCommand, wrongUse } from './console.ts';
import { clientOf } from './server-client.ts';
import { wordsOf } from './typed-line.ts';

export function linkCommands(classroom: Classroom, server: ClassroomServer): readonly ConsoleCommand[] {
  const others = classroom.servers.filter(({ name }) => name !== server.name);
  const linkTo = async (rest: string) => {
    const [src = '', dest = ''] = wordsOf(rest);
    if (named('server', classroom.servers, src).name !== server.name) {
      throw new CommandError(
        'USAGE',
        `${src} is another process`,
        `Type it at the console of ${src}, or name ${server.name} first.`,
      );
    }
    return named('server', others, dest);
  };
  return [
    ...networkCommands(classroom),
    {
      name: 'failLink',
      usage: 'failLink(src, dest)',
      does: `fails the link between ${server.name} and dest: nothing is carried either way`,
      run: async rest => setLink('net_failLink', server, await linkTo(rest)),
    },
    {
      name: 'fixLink',
      usage: 'fixLink(src, dest)',
      does: 'makes it good again',
      run: async rest => setLink('net_fixLink', server, await linkTo(rest)),
    },
    {
      name: 'delay',
      usage: 'delay dest ms',
      does: 'what is sent from here to dest takes so much longer than every message does',
      run: async rest => {
        const [dest = '', ms = ''] = wordsOf(rest);
        if (!/^\d{1,5}$/.test(ms)) throw wrongUse('a server and milliseconds, such as delay P2 500');
        const other = named('server', others, dest);
        await clientOf(server).call('net_delay', { peer: await peerIdOf(other), delayMs: Number(ms) });
        return `${server.name} -> ${other.name}: ${ms} ms later`;
      },
    },
    {
      name: 'printLinks',
      usage: 'printLinks',
      does: 'the links from here',
      run: () => linksText(classroom, server, others),
    },
    {
      name: 'send',
      usage: 'send dest text',
      does: 'says something to another server, whose console tells it',
      run: async rest => {
        const [dest = ''] = wordsOf(rest);
        const other = named('server', others, dest);
        await clientOf(server).call('net_send', {
          peer: await peerIdOf(other),
          text: rest.slice(dest.length).replace(/^[\s,]+/, ''),
        });
        return `${server.name} -> ${other.name}: sent`;
      },
    },
  ];
}

/** What is done to the links of all servers at once. */
function networkCommands(classroom: Classroom): readonly ConsoleCommand[] {
  return [
    {
      name: 'partition',
      usage: 'partition P1,P2/P3,P4,P5',
      does: 'fails every link between the groups',
      run: async rest => {
        const groups = groupsOf(classroom.servers, rest);
        for (const [at, group] of groups.entries()) {
          for (const other of groups.slice(at + 1).flat())
            for (const one of group) await setLink('net_failLink', one, other);
        }
        return `the network is cut into ${groups.map(group => group.map(({ name }) => name).join(',')).join(' / ')}`;
      },
    },
    {
      name: 'heal',
      usage: 'heal',
      does: 'makes all links between all servers good again',
      run: async () => {
        for (const one of classroom.servers) {
          for (const other of classroom.servers)
            if (one !== other) await setLink('net_fixLink', one, other).catch(passOverSilence);
        }
        return 'all links are good again';
      },
    },
  ];
}

/** Groups such as P1,P2/P3,P4,P5. Error thrown: USAGE where they are not two or more that name each server once. */
export function groupsOf<T extends { readonly name: string }>(servers: readonly T[], text: string): readonly T[][] {
  const groups = text.split('/').map(group => wordsOf(group).map(word => named('server', servers, word)));
  const all = groups.flat();
  const isEachOnce = all.length === servers.length && new Set(all).size === servers.length;
  if (groups.length >= 2 && groups.every(group => group.length > 0) && isEachOnce) return groups;
  const names = servers.map(({ name }) => name).join(', ');
  throw wrongUse(`two groups or more that name each of ${names} once, such as partition P1,P2/P3,P4,P5`);
}

async function setLink(
  method: 'net_failLink' | 'net_fixLink',
  from: ClassroomServer,
  to: ClassroomServer,
): Promise<string> {
  await clientOf(from).call(method, { peer: await peerIdOf(to) });
  return `link ${from.name} - ${to.name} ${method === 'net_failLink' ? 'failed' : 'is good'}`;
}

/** Also of a server that is down: it keeps its identity. */
async function peerIdOf({ name, address }: ClassroomServer): Promise<string> {
  const id = address?.split('/p2p/')[1];
  if (id !== undefined) return id;
  throw new CommandError('USAGE', `${name} has never been started`, 'Wait until the network is up.');
}

async function linksText(
  classroom: Classroom,
  server: ClassroomServer,
  others: readonly ClassroomServer[],
): Promise<string> {
  const { peers, links } = await clientOf(server).call('net_peers', {});
  const lines = await Promise.all(
    others.map(async other => {
      const id = await peerIdOf(other);
      const link = links.find(({ peer }) => peer === id);
      const connected = peers.some(peer => peer.id === id) ? 'connected' : 'not connected';
      const delayMs = classroom.delayMs + (link?.delayMs ?? 0);
      return `${server.name} - ${other.name}: ${link?.failed === true ? 'failed here' : 'good here'}, ${connected}, ${delayMs} ms`;
    }),
  );
  return lines.join('\n');
}
