/** How docs/operate/limits.md is divided, and what its limits mean where the comment in the code does not say it. */

export interface Chapter {
  readonly title: string;
  readonly why: string;
  /** In the order of the page; `ofEngines` stands for the files of all engines. */
  readonly files: readonly string[];
}

/** The engines' own folders: only the registry knows their names. */
export const ofEngines = 'consensus/*/';

export const chapters: readonly Chapter[] = [
  {
    title: 'Of every network',
    why: 'What decoders accept before they know the parameters of a network, and what belongs to the protocol itself.',
    files: [
      'chain/codec.ts',
      'chain/operation.ts',
      'chain/transaction.ts',
      'chain/block.ts',
      'chain/genesis.ts',
      'chain/genesis-check.ts',
      'chain/genesis-file.ts',
      'chain/proof.ts',
      'chain/state-tree-proof.ts',
    ],
  },
  {
    title: 'Peers',
    why: 'So that no peer takes the memory, the bandwidth or the places of the others.',
    files: [
      'daemon/network/limits.ts',
      'daemon/network/addresses.ts',
      'daemon/network/framed-stream.ts',
      'daemon/network/gossip-frames.ts',
      'daemon/network/wire.ts',
      'daemon/wire.ts',
      'daemon/address-book.ts',
    ],
  },
  {
    title: 'Blocks and sync',
    why: 'So that headers without work, withheld bodies and long branches cost little.',
    files: [
      'daemon/block-import.ts',
      'daemon/sync.ts',
      'daemon/sync-server.ts',
      'daemon/decoded-blocks.ts',
      'daemon/ledger-step.ts',
      'daemon/ledger-writer.ts',
      'daemon/at-one-head.ts',
      'daemon/pruner.ts',
      'consensus/engine.ts',
      'consensus/instance.ts',
      ofEngines,
    ],
  },
  {
    title: 'Mempool',
    why: 'So that no sender and no source fills it, and that it fits into memory.',
    files: [
      'chain/mempool-admission.ts',
      'chain/mempool-select.ts',
      'chain/mempool-sender.ts',
      'daemon/mempool-keeper.ts',
      'daemon/transaction-relay.ts',
      'daemon/crypto/worker-verifier.ts',
      'daemon/node.ts',
    ],
  },
  {
    title: 'API',
    why: 'So that a caller can neither flood a node nor make it wait. The rate of calls is a setting, `rpc-rate`.',
    files: [
      'daemon/rpc/server-settings.ts',
      'daemon/rpc/json.ts',
      'daemon/rpc/json-rpc.ts',
      'daemon/rpc/rate.ts',
      'daemon/rpc/auth.ts',
      'daemon/rpc/socket.ts',
      'daemon/rpc/schemas.ts',
      'daemon/rpc/api-chain.ts',
      'daemon/rpc/api-transactions.ts',
      'daemon/rpc/handlers-keys.ts',
      'daemon/reader.ts',
    ],
  },
  {
    title: 'Store, keys, miner',
    why: 'What the node does to its own disk and machine, and what it believes of its own files.',
    files: [
      'daemon/store/level-store.ts',
      'daemon/store/record-log.ts',
      'daemon/store/backup-file.ts',
      'daemon/database-verify.ts',
      'chain/batches.ts',
      'chain/layout.ts',
      'chain/state.ts',
      'chain/undo.ts',
      'daemon/config.ts',
      'daemon/keystore/key-file.ts',
      'daemon/keystore/private-file.ts',
      'daemon/mining/worker-miner.ts',
      'daemon/signals.ts',
    ],
  },
  {
    title: 'Clients',
    why: 'What the SDK and the command line hold themselves to.',
    files: [
      'daemon/rpc/transport.ts',
      'daemon/rpc/client.ts',
      'daemon/rpc/outbox.ts',
      'daemon/rpc/light-client.ts',
      'daemon/rpc/watch-client.ts',
      'daemon/rpc/websocket-node.ts',
      'cli/daemon-process.ts',
      'cli/genesis-source.ts',
      'cli/commands/put.ts',
      'cli/import/batches.ts',
      'cli/import/importer.ts',
      'cli/import/rows.ts',
      'cli/import/bookmark.ts',
      'cli/import/run.ts',
      'cli/verified-read.ts',
    ],
  },
];

/** Files, or `file name`, that bound nothing which anybody sends: sizes of the code's own structures. */
export const notOnThePage: ReadonlySet<string> = new Set([
  'chain/codec.ts amountMax',
  'chain/params.ts',
  'chain/state-tree.ts',
  'chain/state-tree-hash.ts',
  'daemon/mining/nonce-search.ts',
  'daemon/mining/throttle.ts',
  'daemon/nearest.ts',
  'daemon/network/framed-stream.ts copiedBytesMax',
  'daemon/rpc/header-json.ts',
  'daemon/system.ts',
]);

/** By parameter, or by `file name`. */
export const meanings: Readonly<Record<string, string>> = {
  supplyMax: 'Most money there may be.',
  blockBytesMax: 'A block, in its whole encoding.',
  blockTransactionsMax: 'Transactions of a block.',
  blockOperationsMax: 'Operations of a block, over all its transactions.',
  transactionBytesMax: 'A transaction.',
  transactionOperationsMax: 'Operations of a transaction.',
  'chain/operation.ts keyBytesMax': 'A key, in UTF-8.',
  'chain/operation.ts valueBytesMax': 'A value.',
  'chain/operation.ts contentTypeBytesMax': 'A content type.',
  'chain/transaction.ts memoBytesMax': 'The memo of a transaction.',
  'chain/block.ts extensionBytesMax': 'The extension of a header.',
  'chain/genesis.ts membersMax': 'Members of a genesis.',
  'chain/genesis.ts mintersMax': 'Minters of a genesis.',
  'chain/genesis.ts allocationsMax': 'Allocations of a genesis.',
  'chain/genesis-check.ts scheduleEntriesMax': 'Entries of the schedule of a genesis.',
  'daemon/network/limits.ts networkLimits.inboundPeersMax':
    'Connections that others opened, handshaken or not; one more is refused before it is encrypted. kvchaind sets it by `max-peers`.',
  'daemon/network/wire.ts refusalBytesMax': 'A refusal.',
  'daemon/network/wire.ts portsMax': 'Ports in one question of the peer exchange.',
  'daemon/block-import.ts transactionsTimeoutMs':
    'How long a peer may take to give the missing transactions of its compact block.',
  'daemon/sync.ts syncLimits.requestTimeoutMs': 'How long a peer may take to answer.',
  'chain/mempool-admission.ts mempoolLimits.transactionsMax': 'Transactions that wait, of all senders.',
  'chain/mempool-admission.ts mempoolLimits.bytesMax': 'Their bytes.',
  'chain/mempool-admission.ts mempoolLimits.gappedBytesMax': 'Bytes of all senders, behind gaps.',
  'daemon/rpc/server-settings.ts bodyBytesMax': 'The body of a request.',
  'daemon/rpc/server-settings.ts headerBytesMax': 'The headers of a request.',

  'daemon/rpc/json.ts jsonDepthMax': 'How deep JSON may nest.',
  'daemon/rpc/json-rpc.ts batchMax': 'Calls of one JSON-RPC batch.',
  'daemon/rpc/json-rpc.ts responseBytesMax': 'An answer.',
  'daemon/rpc/auth.ts tokenLengthMax': 'Characters of a token that are looked at.',
  'daemon/rpc/socket.ts socketMessageBytesMax': 'A message on a WebSocket.',
  'daemon/rpc/socket.ts subscriptionsMax': 'Watches of one WebSocket.',
  'daemon/rpc/schemas.ts waitMsMax': 'A long poll.',
  'daemon/rpc/transport.ts defaultTimeoutMs': 'How long the SDK waits for an answer, unless told otherwise.',
  'daemon/rpc/client.ts waitTimeoutMs': 'How long the SDK waits for a block, unless told otherwise.',
  'cli/genesis-source.ts fetchTimeoutMs': 'How long a genesis may take to come from a URL.',
  'daemon/rpc/outbox.ts attemptsMax': 'How often the SDK signs a write again whose nonce was taken.',
  'daemon/rpc/watch-client.ts waitingMax': 'Events that a watch of the SDK holds until they are taken.',
  'daemon/rpc/watch-client.ts retryMsMax': 'Longest wait before a watch connects again.',
  'chain/layout.ts engineRecordBytesMax': "An engine's record of a block, on disk.",
  'chain/layout.ts receiptsBytesMax': 'The receipts of a block, on disk.',
  'chain/layout.ts peerBytesMax': 'What is remembered of a peer, on disk.',
  'chain/state.ts stateKeyBytesMax': 'A state key: one byte and a key.',
  'chain/undo.ts undoEntriesMax': 'Changes in one undo record.',
  'daemon/config.ts configFileBytesMax': 'The configuration file.',
  'daemon/keystore/key-file.ts keyFileBytesMax': 'A key file.',
  'daemon/keystore/key-file.ts scryptCostMax':
    'The cost of scrypt that a key file may demand, so that a false one does not eat the memory.',
  'daemon/keystore/key-file.ts scryptParallelismMax': 'Its parallelism.',
  'daemon/keystore/private-file.ts passwordBytesMax': 'A password.',
  'daemon/mining/worker-miner.ts miningThreadsMax': 'Threads that mine.',
  'cli/commands/put.ts valueBytesMax': 'A value that `kvchain put` reads from a file.',
  'cli/import/batches.ts batchLimits.rowsMax': 'Rows in one transaction of an import.',
  'cli/import/batches.ts batchLimits.bytesMax': 'Their bytes.',
  'cli/import/importer.ts pauseMsMax': 'Longest pause of an import when the node is full.',
};
