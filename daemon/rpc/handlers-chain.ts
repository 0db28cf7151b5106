/** What chain_, consensus_, mempool_ and miner_ methods do. */
import { toHex } from '../../chain/bytes.ts';
import { accept, type Result, reject } from '../../chain/errors.ts';
import { formatAddress } from '../../chain/keys.ts';
import { minesBlocks } from '../../chain/params.ts';
import { decodeBits, workOf } from '../../chain/target.ts';
import type { BlockReading, HeaderReading, NodeApi } from '../node-api.ts';
import type { ResultOf } from './api.ts';
import type { chainMethods } from './api-chain.ts';
import type { Handlers } from './context.ts';
import { checkedHex } from './hex.ts';
import { headerJson, receiptJson, transactionJson } from './views.ts';

export const chainHandlers: Handlers<keyof typeof chainMethods> = {
  chain_head: (_params, { host: { node } }) => accept(headerJson(node.status().head)),

  chain_getBlock: async ({ id, detail }, { host: { node } }) => {
    const reading = await findBlock(node, id);
    if (!reading.ok) return reading;
    const { block, receipts, isCanonical, confirmations, finality } = reading.value;
    const prefix = node.params().addressPrefix;
    const seal = node.sealTexts(block);
    const full = {
      transactions: block.transactions.map(transaction => transactionJson(transaction, prefix)),
      receipts: receipts.map(receiptJson),
    };
    return accept({
      header: headerJson(block),
      canonical: isCanonical,
      confirmations,
      finality,
      transactionIds: block.transactions.map(transaction => transaction.idHex),
      ...(detail === 'full' ? full : {}),
      ...(seal === null ? {} : { seal }),
    });
  },

  chain_getHeader: async ({ id }, { host: { node } }) => {
    const reading = await findHeader(node, id);
    if (reading === null) return reject('NOT_FOUND', `no block ${id}`);
    const { sealed, isCanonical, confirmations } = reading;
    return accept({ header: headerJson(sealed), canonical: isCanonical, confirmations });
  },

  chain_getHeaders: async ({ from, limit }, { host: { node } }) =>
    accept({ headers: (await node.headersFrom(from, limit)).map(headerJson) }),

  chain_tips: (_params, { host: { node } }) =>
    accept({
      tips: node
        .tips()
        .map(({ hash, height, work, status }) => ({ hash: toHex(hash), height, work: String(work), status })),
    }),

  chain_status: async (_params, { host: { node } }) => {
    const status = node.status();
    const { header, hashHex } = status.head;
    return accept({
      chainId: toHex(status.chainId),
      network: node.genesis.name,
      engine: status.engine,
      faultModel: status.faultModel,
      height: header.height,
      headHash: hashHex,
      stateRoot: toHex(header.stateRoot),
      headTime: header.time,
      work: String(status.work),
      finalHeight: status.finalHeight,
      peers: status.peers,
      mempool: status.mempool,
      syncing: status.isSyncing,
      targetHeight: status.targetHeight,
      unservedHeight: status.unservedHeight,
      blocksFrom: status.blocksFrom,
      versionsFrom: status.versionsFrom,
      supply: String(await node.supply()),
    });
  },

  consensus_status: (_params, { host: { node } }) => {
    const { engine, faultModel, head, work, targetHeight, finalHeight, role, leader, ballot } = node.status();
    const { targetMs, retarget, safeConfirmations, undoBlocksMax } = node.params();
    return accept({
      engine,
      faultModel,
      head: { hash: head.hashHex, height: head.header.height, work: String(work) },
      bestHeight: targetHeight,
      finalHeight,
      role,
      leader: nameOf(node, leader),
      ballot: ballot && { number: ballot.number, member: nameOf(node, ballot.member) },
      members: node.members().map(({ name, publicKey, isSelf, peer }) => {
        return { name, publicKey: toHex(publicKey), self: isSelf, connected: isSelf || peer !== null, peerId: peer };
      }),
      branches: node.tips().length,
      targetMs,
      retarget,
      safeConfirmations,
      undoBlocksMax,
    });
  },

  consensus_lead: (_params, { host: { node } }) => {
    if (node.lead()) return accept({ role: node.status().role });
    return reject('METHOD_NOT_FOUND', `engine ${node.genesis.engine} has no leader, or this node is no member`);
  },

  consensus_queue: ({ limit }, { host: { node } }) => {
    const prefix = node.params().addressPrefix;
    return accept({
      transactions: node.mempoolList(limit).map(transaction => transactionJson(transaction, prefix)),
    });
  },

  mempool_info: (_params, { host: { node } }) => {
    const { transactions, bytes, gapped, feePerByteMin } = node.mempoolInfo();
    return accept({ transactions, bytes, gapped, feePerByteMin: String(feePerByteMin) });
  },

  mempool_list: ({ limit }, { host: { node } }) => {
    const prefix = node.params().addressPrefix;
    return accept({
      transactions: node.mempoolList(limit).map(({ idHex, senderAddress, body, bytes }) => ({
        id: idHex,
        sender: formatAddress(senderAddress, prefix),
        nonce: body.nonce,
        fee: String(body.fee),
        bytes: bytes.length,
        operations: body.operations.length,
      })),
    });
  },

  miner_start: ({ threads, rate }, { host: { node } }) => {
    const { engine } = node.genesis;
    if (!minesBlocks(engine))
      return reject('MINING_UNAVAILABLE', `engine ${engine} does not mine: members of the genesis make its blocks`);
    node.startMining({
      ...(threads === undefined ? {} : { threads }),
      ...(rate === undefined ? {} : { rateMax: rate }),
    });
    return accept(minerJson(node));
  },

  miner_stop: (_params, { host: { node } }) => {
    node.stopMining();
    return accept(minerJson(node));
  },

  miner_status: (_params, { host: { node } }) => accept(minerJson(node)),
};

function nameOf(node: NodeApi, member: number | null): string | null {
  return member === null ? null : (node.genesis.members[member]?.name ?? null);
}

function minerJson(node: NodeApi): ResultOf<'miner_status'> {
  const { isRunning, threads, hashRate, rateMax, bits, target, expectedTrials, blocksFound } = node.miningStatus();
  return {
    running: isRunning,
    threads,
    hashRate,
    rateMax,
    bits,
    difficultyBits: difficultyBitsOf(bits),
    target: toHex(target),
    expectedTrials: String(expectedTrials),
    blocksFound,
  };
}

/** log2 of the expected trials, to 4 places; 0 for bits that are no target. */
function difficultyBitsOf(bits: number): number {
  const target = decodeBits(bits);
  return target === null ? 0 : Math.round(Math.log2(Number(workOf(target))) * 10_000) / 10_000;
}

/** A block by what the schema `blockId` lets through: a height, its digits, a hash, or "head". */
function findBlock(node: NodeApi, id: number | string): Promise<Result<BlockReading>> {
  if (typeof id === 'string' && id.length === 64) return node.blockByHash(checkedHex(id));
  return node.blockByHeight(heightOf(node, id));
}

async function findHeader(node: NodeApi, id: number | string): Promise<HeaderReading | null> {
  if (typeof id === 'string' && id.length === 64) return node.headerByHash(checkedHex(id));
  const [sealed] = await node.headersFrom(heightOf(node, id), 1);
  return sealed === undefined ? null : node.headerByHash(sealed.hash);
}

function heightOf(node: NodeApi, id: number | string): number {
  return id === 'head' ? node.status().head.header.height : Number(id);
}
