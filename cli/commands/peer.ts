/** `kvchain peer`: who the daemon is connected to. */

import type { ResultOf } from '../../daemon/rpc/client.ts';
import { examples, onCall, type Shell } from '../command.ts';
import { table } from '../output.ts';
import { strangersNote } from './status.ts';

const linkHead = ['peer', 'link', 'delay', 'loss'];

export function addPeer(shell: Shell): void {
  const peer = shell.program
    .command('peer')
    .summary('list, add and remove peers')
    .description('Lists, adds and removes the peers of the daemon.');
  addList({ ...shell, program: peer });
  addAdd({ ...shell, program: peer });
  addRemove({ ...shell, program: peer });
}

function addList(shell: Shell): void {
  const command = shell.program
    .command('list', { isDefault: true })
    .description('Lists the connected peers, and where this daemon listens.');
  examples(command, ['kvchain peer list', 'and the addresses that others may --bootstrap from']);
  onCall(shell, command, async ({ session }) => {
    const client = await session.client();
    const self = await client.call('net_info', {});
    const { peers, links } = await client.call('net_peers', {});
    const rows = peers.map(({ id, address, direction, score, roundTripMs }) => {
      return [id, address, direction, score, roundTripMs === null ? '-' : `${roundTripMs.toFixed(1)} ms`];
    });
    const note = peers.length === 0 ? strangersNote(self.strangers) : '';
    const text = [
      `this node listens on\n${self.addresses.map(address => `  ${address}`).join('\n')}`,
      '',
      await table(['peer', 'address', 'direction', 'score', 'round trip'], rows),
      ...(note === '' ? [] : ['', `no peers${note}`]),
      ...(links.length === 0 ? [] : ['', 'links with a fault on purpose', await table(linkHead, links.map(linkRow))]),
    ];
    session.output.answer({ self, peers, links }, text.join('\n'));
  });
}

function addAdd(shell: Shell): void {
  const command = shell.program
    .command('add')
    .description('Connects to a peer and keeps the connection.')
    .argument('<address>', 'multiaddr with /p2p/ and the id, as `kvchain peer list` shows it there');
  examples(command, ['kvchain peer add /ip4/192.0.2.7/tcp/9645/p2p/12D3KooW...', '']);
  onCall(shell, command, async ({ args, session }) => {
    const client = await session.client({ needsToken: true, timeoutMs: 30_000 });
    const added = await client.call('net_addPeer', { address: args[0] ?? '' });
    session.output.answer(added, `connected to ${added.id}`);
  });
}

function addRemove(shell: Shell): void {
  const command = shell.program
    .command('remove')
    .description('Disconnects a peer and does not dial it again.')
    .argument('<peer>', 'its id');
  examples(command, ['kvchain peer remove 12D3KooW...', 'the id is in `kvchain peer list`']);
  onCall(shell, command, async ({ args, session }) => {
    const [peer = ''] = args;
    const client = await session.client({ needsToken: true });
    session.output.answer(await client.call('net_removePeer', { peer }), `removed ${peer}`);
  });
}

function linkRow({ peer, failed, delayMs, lossRate }: ResultOf<'net_peers'>['links'][number]): readonly string[] {
  return [peer, failed ? 'failed' : 'up', `${delayMs} ms`, `${Math.round(1_000 * lossRate) / 10} %`];
}
