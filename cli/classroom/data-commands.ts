/** What a server holds: its three structures, and the ballot that it promised. */

import type { ClassroomServer } from '../../daemon/classroom/classroom-file.ts';
import type { KvchainClient, ResultOf } from '../../daemon/rpc/client.ts';
import { oneLine, visible } from '../output.ts';
import type { ConsoleCommand } from './console.ts';
import { sealLines } from './narration.ts';
import { clientOf } from './server-client.ts';

/** Rows of a page; the most that one question gives. */
const rowsPerPage = 1_000;

export function dataCommands(server: ClassroomServer): readonly ConsoleCommand[] {
  return [
    {
      name: 'printBlockchain',
      usage: 'printBlockchain',
      does: 'the copy of the blockchain here: depth, operation, nonce, h, hash pointer, hash, tentative or decided',
      run: () => blockchainText(clientOf(server)),
    },
    {
      name: 'printKVStore',
      usage: 'printKVStore',
      does: 'the key-value store here',
      run: () => storeText(clientOf(server)),
    },
    {
      name: 'printQueue',
      usage: 'printQueue',
      does: 'the pending operations here; they do not outlive a crash',
      run: () => queueText(clientOf(server)),
    },
    {
      name: 'printBallot',
      usage: 'printBallot',
      does: 'the highest ballot that was promised here, and who leads',
      run: async () => {
        const { ballot, role, leader, finalHeight } = await clientOf(server).call('consensus_status', {});
        const promised =
          ballot === null || ballot.number === 0 ? 'none' : `<${ballot.number}, ${ballot.member}, ${finalHeight + 1}>`;
        return `promised ${promised}, ${server.name} is ${role}, the leader is ${leader ?? 'not known'}`;
      },
    },
  ];
}

async function blockchainText(client: KvchainClient): Promise<string> {
  const { height } = await client.call('chain_status', {});
  const blocks: string[] = [];
  for (let depth = 1; depth <= height; depth++) {
    blocks.push(blockText(await client.call('chain_getBlock', { id: depth, detail: 'ids' }), 'decided'));
  }
  const { tips } = await client.call('chain_tips', {});
  const tentative: string[] = [];
  const highest = tips.reduce((best, tip) => (tip.height > best.height ? tip : best), { height, hash: '' });
  for (let id = highest.hash, depth = highest.height; depth > height; depth--) {
    const block = await client.call('chain_getBlock', { id, detail: 'ids' });
    tentative.push(blockText(block, 'tentative'));
    id = block.header.parent;
  }
  return [...blocks, ...tentative.reverse()].join('\n') || 'no block yet';
}

function blockText({ header, seal = {} }: ResultOf<'chain_getBlock'>, tag: 'decided' | 'tentative'): string {
  return `depth ${header.height} ${tag}\n${sealLines(seal)}`;
}

async function storeText(client: KvchainClient): Promise<string> {
  const lines: string[] = [];
  for (let cursor: string | null = null, isFirst = true; isFirst || cursor !== null; isFirst = false) {
    const page: ResultOf<'kv_scan'> = await client.call('kv_scan', {
      prefix: '',
      limit: rowsPerPage,
      ...(cursor === null ? {} : { cursor }),
    });
    lines.push(...page.items.map(({ key, value }) => `${oneLine(key)}: ${visible(value)}`));
    cursor = page.cursor;
  }
  return lines.join('\n') || 'no key yet';
}

async function queueText(client: KvchainClient): Promise<string> {
  const { transactions } = await client.call('consensus_queue', {});
  return transactions.flatMap(({ operations }) => operations.map(operationText)).join('\n') || 'no pending operation';
}

type OperationJson = ResultOf<'consensus_queue'>['transactions'][number]['operations'][number];

/** <op, key, value>, as the assignment writes it. */
function operationText(operation: OperationJson): string {
  const { type, key, value } = operation;
  const parts = [...(key === undefined ? [] : [oneLine(key)]), ...(value === undefined ? [] : [visible(value)])];
  return `<${[type, ...parts].join(', ')}>`;
}
