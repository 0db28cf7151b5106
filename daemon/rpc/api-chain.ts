/** The methods of the chain, the mempool and the miner: chain_, mempool_, miner_, consensus_. */
import { z } from '../zod.ts';
import { exampleAddress, exampleHash, exampleHeader, exampleId, exampleTransactionJson } from './examples.ts';
import { method } from './method.ts';
import * as s from './schemas.ts';

const none = z.strictObject({});

/** The most headers in one answer. */
export const headersMax = 2_000;
/** The most whole transactions in one answer: of the longest that a network usually takes (256 KiB) they are 17 MB as JSON. */
const queueMax = 32;

const faultModel = z.enum(['crash', 'byzantine']);

const exampleMiner: z.output<typeof s.miner> = {
  running: true,
  threads: 2,
  hashRate: 12_000_000,
  rateMax: null,
  bits: 0x1f00ffff,
  difficultyBits: 16.0002,
  target: '0000ffff00000000000000000000000000000000000000000000000000000000',
  expectedTrials: '65537',
  blocksFound: 17,
};

export const chainMethods = {
  chain_head: method({
    scope: 'read',
    doc: 'Gives the header of the head, the canonical tip.',
    params: none,
    result: s.header,
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/chain' }],
    example: { params: {}, result: exampleHeader },
  }),

  chain_getBlock: method({
    scope: 'read',
    doc: 'Gives a block with its transactions and receipts.',
    params: z.strictObject({
      id: s.blockId,
      detail: z.enum(['ids', 'full']).default('full').meta({ description: 'ids: leave out what the transactions say' }),
    }),
    result: z.object({
      header: s.header,
      canonical: z.boolean(),
      confirmations: s.confirmations,
      finality: s.finality,
      transactionIds: z.array(s.hash),
      transactions: z.array(s.transaction).optional(),
      receipts: z.array(s.receipt).optional(),
      seal: z.record(z.string(), z.string()).optional().meta({
        description:
          'what the header says of its body in its extension, as texts, where the engine has it say something',
      }),
    }),
    errors: ['NOT_FOUND'],
    routes: [{ verb: 'GET', path: '/v1/blocks/{id}' }],
    example: {
      params: { id: 1204 },
      result: {
        header: exampleHeader,
        canonical: true,
        confirmations: 1,
        finality: 'included',
        transactionIds: [exampleId],
        transactions: [exampleTransactionJson],
        receipts: [{ id: exampleId, status: 'applied', code: null, index: null, results: [null] }],
      },
    },
  }),

  chain_getHeader: method({
    scope: 'read',
    doc: 'Gives one header.',
    params: z.strictObject({ id: s.blockId }),
    result: z.object({ header: s.header, canonical: z.boolean(), confirmations: s.confirmations }),
    errors: ['NOT_FOUND'],
    routes: [{ verb: 'GET', path: '/v1/headers/{id}' }],
    example: {
      params: { id: exampleHash },
      result: { header: exampleHeader, canonical: true, confirmations: 1 },
    },
  }),

  chain_getHeaders: method({
    scope: 'read',
    doc: 'Gives canonical headers, ascending from a height.',
    params: z.strictObject({ from: s.height, limit: z.int().min(1).max(headersMax).default(500) }),
    result: z.object({ headers: z.array(s.header) }),
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/headers' }],
    example: { params: { from: 1204, limit: 1 }, result: { headers: [exampleHeader] } },
  }),

  chain_tips: method({
    scope: 'read',
    doc: 'Lists the ends of all known branches.',
    params: none,
    result: z.object({
      tips: z.array(
        z.object({
          hash: s.hash,
          height: s.height,
          work: s.bigNumber,
          status: z.enum(['active', 'valid-fork', 'headers-only', 'invalid']),
        }),
      ),
    }),
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/tips' }],
    example: {
      params: {},
      result: { tips: [{ hash: exampleHash, height: 1204, work: '78906548', status: 'active' }] },
    },
  }),

  chain_status: method({
    scope: 'read',
    doc: 'Tells how the chain and this node stand, in one answer.',
    params: none,
    result: z.object({
      chainId: s.hash,
      network: z.string().meta({ description: 'name in the genesis' }),
      engine: z.string(),
      faultModel,
      height: s.height,
      headHash: s.hash,
      stateRoot: s.hash,
      headTime: s.time,
      work: s.bigNumber,
      finalHeight: s.height,
      peers: s.count,
      mempool: s.count,
      syncing: z.boolean(),
      targetHeight: s.height.meta({ description: 'of the heaviest header known' }),
      unservedHeight: s.height.nullable().meta({
        description:
          'lowest block that is wanted and that every connected peer has pruned; sync waits for a peer that holds it',
      }),
      blocksFrom: s.height.meta({
        description: 'from here on every block is held whole; above 0 when the node was pruned',
      }),
      versionsFrom: s.height.meta({ description: 'from here on every key can be read as it stood' }),
      supply: s.amount,
    }),
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/status' }],
    example: {
      params: {},
      result: {
        chainId: exampleHash,
        network: 'example',
        engine: 'pow',
        faultModel: 'byzantine',
        height: 1204,
        headHash: exampleHash,
        stateRoot: exampleId,
        headTime: 1_767_225_600_000,
        work: '78906548',
        finalHeight: 0,
        peers: 3,
        mempool: 12,
        syncing: false,
        targetHeight: 1204,
        unservedHeight: null,
        blocksFrom: 0,
        versionsFrom: 0,
        supply: '60200',
      },
    },
  }),

  consensus_status: method({
    scope: 'read',
    doc: 'Tells how the engine stands and which rules it keeps.',
    params: none,
    result: z.object({
      engine: z.string(),
      faultModel,
      head: z.object({ hash: s.hash, height: s.height, work: s.bigNumber }),
      bestHeight: s.height,
      finalHeight: s.height,
      role: z.string().nullable().meta({
        description: 'what this node is among the members now, such as leader; null where all are alike',
      }),
      leader: z.string().nullable().meta({ description: 'the member that this node takes for the leader' }),
      ballot: z
        .object({ number: s.count, member: z.string().nullable() })
        .nullable()
        .meta({ description: 'the highest that this node promised, where leaders stand with ballots' }),
      members: z
        .array(
          z.object({
            name: z.string(),
            publicKey: s.hex,
            self: z.boolean().meta({ description: 'this node is that member' }),
            connected: z.boolean(),
            peerId: z.string().nullable().meta({ description: 'as which it is connected to this node' }),
          }),
        )
        .meta({ description: 'who votes, in the order of the genesis; none with proof of work' }),
      branches: s.count,
      targetMs: s.count,
      retarget: z.enum(['asert', 'fixed']),
      safeConfirmations: s.count,
      undoBlocksMax: s.count,
    }),
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/consensus' }],
    example: {
      params: {},
      result: {
        engine: 'pow',
        faultModel: 'byzantine',
        head: { hash: exampleHash, height: 1204, work: '78906548' },
        bestHeight: 1204,
        finalHeight: 0,
        role: null,
        leader: null,
        ballot: null,
        members: [],
        branches: 1,
        targetMs: 10_000,
        retarget: 'asert',
        safeConfirmations: 6,
        undoBlocksMax: 10_000,
      },
    },
  }),

  consensus_lead: method({
    scope: 'admin',
    doc: 'Has this node try to become the leader of the members.',
    params: none,
    result: z.object({
      role: z.string().nullable().meta({ description: 'what it is now, such as candidate; consensus_status tells on' }),
    }),
    errors: ['METHOD_NOT_FOUND'],
    routes: [{ verb: 'POST', path: '/v1/consensus/lead' }],
    example: { params: {}, result: { role: 'candidate' } },
  }),

  consensus_queue: method({
    scope: 'read',
    doc: 'Gives the transactions that wait here to be agreed on, whole; those first that a block would take first.',
    params: z.strictObject({ limit: z.int().min(1).max(queueMax).default(queueMax) }),
    result: z.object({ transactions: z.array(s.transaction) }),
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/consensus/queue' }],
    example: { params: {}, result: { transactions: [exampleTransactionJson] } },
  }),

  mempool_info: method({
    scope: 'read',
    doc: 'Tells how full the mempool is and what it takes.',
    params: none,
    result: z.object({
      transactions: s.count,
      bytes: s.count,
      gapped: s.count.meta({ description: 'waiting for an earlier nonce' }),
      feePerByteMin: s.amount,
    }),
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/mempool' }],
    example: { params: {}, result: { transactions: 12, bytes: 2_400, gapped: 0, feePerByteMin: '0' } },
  }),

  mempool_list: method({
    scope: 'read',
    doc: 'Lists transactions of the mempool, those first that a block would take first.',
    params: z.strictObject({ limit: z.int().min(1).max(1_000).default(100) }),
    result: z.object({
      transactions: z.array(
        z.object({ id: s.hash, sender: s.address, nonce: s.count, fee: s.amount, bytes: s.count, operations: s.count }),
      ),
    }),
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/mempool/transactions' }],
    example: {
      params: { limit: 1 },
      result: {
        transactions: [{ id: exampleId, sender: exampleAddress, nonce: 0, fee: '0', bytes: 190, operations: 1 }],
      },
    },
  }),

  miner_start: method({
    scope: 'admin',
    doc: 'Starts mining, or changes its threads and its throttle.',
    params: z.strictObject({
      threads: z.int().min(1).max(256).optional(),
      rate: z.number().min(1).max(1e12).nullable().optional().meta({
        description: 'hashes per second, all threads together; null: no throttle',
      }),
    }),
    result: s.miner,
    errors: ['MINING_UNAVAILABLE'],
    routes: [{ verb: 'PUT', path: '/v1/miner', when: { running: true } }],
    example: { params: { threads: 2 }, result: exampleMiner },
  }),

  miner_stop: method({
    scope: 'admin',
    doc: 'Stops mining.',
    params: none,
    result: s.miner,
    errors: [],
    routes: [{ verb: 'PUT', path: '/v1/miner', when: { running: false } }],
    example: { params: {}, result: { ...exampleMiner, running: false, hashRate: 0 } },
  }),

  miner_status: method({
    scope: 'read',
    doc: 'Tells whether and how fast this node mines, and how hard a block is.',
    params: none,
    result: s.miner,
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/miner' }],
    example: { params: {}, result: exampleMiner },
  }),
};
