/** `kvchain status`: how the chain and the daemon stand. */
import type { ResultOf } from '../../daemon/rpc/client.ts';
import { examples, onCall, type Shell } from '../command.ts';
import { fields } from '../output.ts';

export function addStatus(shell: Shell): void {
  const command = shell.program
    .command('status')
    .summary('show how the chain and the daemon stand')
    .description('Shows how the chain and the daemon stand.');
  examples(command, ['kvchain status', 'of the daemon of ~/.kvchain'], ['kvchain status --json', 'for a program']);
  onCall(shell, command, async ({ session }) => {
    const client = await session.client();
    const { chainId, engine, height, headHash, stateRoot, peers, mempool, syncing, ...more } = await client.call(
      'chain_status',
      {},
    );
    const progress = syncing ? `syncing, block ${height} of ${more.targetHeight}` : 'in step with what it knows';
    const waits = `waiting for a peer that holds block ${more.unservedHeight}: all connected ones have pruned it`;
    const state = more.unservedHeight === null ? progress : waits;
    const members = engine === 'pow' ? null : membersOf(await client.call('consensus_status', {}));
    const { strangers } = peers === 0 ? await client.call('net_info', {}) : { strangers: 0 };
    session.output.answer(
      { chainId, engine, height, headHash, stateRoot, peers, mempool, syncing, ...more },
      fields([
        ['daemon', client.url],
        ['network', more.network],
        ['chainId', chainId],
        ['engine', `${engine} (faults: ${more.faultModel})`],
        ['height', height],
        ...(more.finalHeight > 0 ? [['final up to', more.finalHeight] as const] : []),
        ['headHash', headHash],
        ['headTime', new Date(more.headTime).toISOString()],
        ['stateRoot', stateRoot],
        ['state', state],
        ...(members === null ? [] : [['members', members] as const]),
        ...(more.blocksFrom > 0 ? [['blocks from', more.blocksFrom] as const] : []),
        ...(more.versionsFrom > 0 ? [['history from', more.versionsFrom] as const] : []),
        ['peers', `${peers}${strangersNote(strangers)}`],
        ['mempool', mempool],
        ['supply', more.supply],
      ]),
    );
  });
}

/** What nobody would guess from a node without peers: those that it found are of another network. */
export function strangersNote(strangers: number): string {
  if (strangers === 0) return '';
  return `; ${strangers} that this node dialled ${strangers === 1 ? 'is' : 'are'} of another network: compare the genesis files`;
}

/** A member counts as connected to itself. */
function membersOf({ members, role, leader }: ResultOf<'consensus_status'>): string {
  const connected = members.filter(member => member.connected).length;
  const isMember = members.some(({ self }) => self);
  const reach = `${connected} of ${members.length} connected`;
  const majority = 2 * connected > members.length ? reach : `${reach}: too few to agree on anything`;
  const self = isMember ? `this one is ${role ?? 'a member'}` : 'this node is none and has no vote';
  return `${majority}; ${self}; ${leader ?? 'nobody that it knows of'} leads`;
}
