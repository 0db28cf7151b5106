/** `kvchain status`: how the chain and the daemon stand. */
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
        ...(more.blocksFrom > 0 ? [['blocks from', more.blocksFrom] as const] : []),
        ...(more.versionsFrom > 0 ? [['history from', more.versionsFrom] as const] : []),
        ['peers', peers],
        ['mempool', mempool],
        ['supply', more.supply],
      ]),
    );
  });
}
