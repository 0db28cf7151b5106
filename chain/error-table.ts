/**
 * Every error that a user, a program or a peer can meet, in one append-only table: its number, how HTTP and the command line say it,
 * what a peer pays that causes it, what it means and what to do. docs/reference/errors.md is generated from it.
 *
 * `penalty` is what the verdict table takes from a peer's score of 100 when that peer sent what could be checked before relaying:
 * 100 bans at once, 0 costs nothing (late, duplicate, or nobody's fault).
 */
export interface ErrorRow {
  readonly number: number;
  readonly http: number;
  readonly exit: number;
  readonly penalty: number;
  readonly meaning: string;
  readonly action: string;
}

type RowFields = [number: number, http: number, exit: number, penalty: number, meaning: string, action: string];

export const errorTable = {
  BAD_ENCODING: row(1, 400, 1, 100, 'The bytes are not the one canonical encoding of a value.', 'Encode as docs/protocol/encoding.md says; check for trailing bytes.'),
  BAD_VERSION: row(2, 400, 1, 0, 'The version is not known to this program.', 'Upgrade kvchain.'),
  TOO_LARGE: row(3, 413, 1, 100, 'A length or a count is over its limit.', 'See docs/operate/limits.md and send less at a time.'),
  WRONG_CHAIN: row(4, 400, 1, 100, 'It belongs to another chain.', 'Use the chainId that `kvchain status` shows.'),
  BAD_PUBLIC_KEY: row(5, 400, 1, 100, 'The public key is not a point of secp256k1 in compressed form.', 'Use the 33 bytes that `kvchain key show` prints.'),
  BAD_SIGNATURE: row(6, 400, 1, 100, 'The signature does not verify, or is not in low-S form.', 'Sign the exact bytes again with the right key.'),
  BAD_KEY: row(7, 400, 1, 100, 'The key is not 1 to 256 bytes of valid UTF-8.', 'Shorten the key, or fix its encoding.'),
  BAD_VALUE: row(8, 400, 1, 100, 'The value is over 65,536 bytes, or its content type over 64.', 'Split the value over several keys.'),
  BAD_AMOUNT: row(9, 400, 1, 100, 'The amount is not a whole number from 1 to 2^64-1.', 'Write the amount as a decimal string.'),
  BAD_ADDRESS: row(10, 400, 2, 100, 'The address does not decode, or has the prefix of another network.', "Copy it again; an account's address has the prefix of the genesis, a peer's is a multiaddress."),
  BAD_OPERATION: row(11, 400, 1, 100, 'The operation is unknown or not allowed on this network.', 'See docs/protocol/transaction.md for the operations.'),
  BAD_NONCE: row(12, 409, 1, 0, "The nonce is not the account's next one.", 'Ask tx_prepare for the next nonce and sign again.'),
  EXPIRED: row(13, 409, 1, 0, 'The height is past the expiresAt of the transaction.', 'Sign it again with a later expiresAt.'),
  FEE_TOO_LOW: row(14, 402, 1, 0, 'The fee per byte is below the minimum of the network or of the full mempool.', 'Raise the fee; tx_prepare suggests one.'),
  FEE_UNPAYABLE: row(15, 402, 1, 0, 'The balance of the sender does not cover the fee.', 'Fund the account, or lower the fee.'),
  NOT_OWNER: row(16, 403, 1, 0, 'The key belongs to another account.', 'Use another key, or ask its owner for a transferKey.'),
  VERSION_CONFLICT: row(17, 409, 1, 0, 'The key is not at the expected version.', 'Read the key again and decide anew.'),
  NO_KEY: row(18, 404, 1, 0, 'The key has no value.', 'Check the spelling; `kvchain scan PREFIX` lists keys.'),
  INSUFFICIENT_BALANCE: row(19, 402, 1, 0, 'The balance does not cover the amount.', 'Lower the amount, or fund the account.'),
  NOT_MINTER: row(20, 403, 1, 0, 'The account is not among the minters of the genesis.', 'Sign with the key of a minter.'),
  SUPPLY_EXCEEDED: row(21, 409, 1, 0, 'The amount would take the supply over its limit.', 'Lower the amount.'),
  DUPLICATE: row(22, 409, 1, 0, 'The transaction is held or included already.', 'Nothing to do; tx_get tells where it is.'),
  POOL_FULL: row(23, 503, 1, 0, 'The mempool is full and the fee per byte does not beat what it holds.', 'Raise the fee, or try again later.'),
  REPLACEMENT_UNDERPRICED: row(24, 409, 1, 0, 'Another transaction holds this nonce, and the fee per byte is not 10 % above its.', 'Raise the fee, or use the next nonce.'),
  SENDER_LIMIT: row(25, 429, 1, 0, 'The sender has too many transactions waiting.', 'Wait until some are included.'),
  UNKNOWN_PARENT: row(26, 409, 1, 0, 'The parent of the block is not known.', 'Nothing to do; the node asks for it.'),
  BAD_HEIGHT: row(27, 400, 1, 100, "The height is not the parent's plus one.", 'The producer of the block is faulty.'),
  BAD_BITS: row(28, 400, 1, 100, 'The difficulty bits are not those of the schedule.', 'The producer of the block is faulty.'),
  BAD_WORK: row(29, 400, 1, 100, 'The block hash is above its target.', 'The producer of the block is faulty.'),
  BAD_TIME: row(30, 400, 1, 100, "The time of the block is not after its parent's.", 'The producer of the block is faulty.'),
  FUTURE_BLOCK: row(31, 409, 1, 0, 'The time of the block is too far ahead; it is kept until it comes.', 'Check the clock of this machine.'),
  BAD_TRANSACTIONS_ROOT: row(32, 400, 1, 100, 'The transactions do not give the transactionsRoot of the header.', 'The sender of the body is faulty; the header may still be good.'),
  BAD_RECEIPTS_ROOT: row(33, 400, 1, 0, 'Execution does not give the receiptsRoot of the header.', 'The producer of the block is faulty.'),
  BAD_STATE_ROOT: row(34, 400, 1, 0, 'Execution does not give the stateRoot of the header.', 'The producer of the block is faulty.'),
  BAD_PRODUCER_SIGNATURE: row(35, 400, 1, 100, "The producer's signature does not verify.", 'The sender of this copy is faulty; the hash may still be good.'),
  BAD_HEADER: row(36, 400, 1, 100, 'A field of the header breaks a rule of the engine.', 'The producer of the block is faulty.'),
  INVALID_ANCESTOR: row(37, 400, 1, 0, 'The block descends from an invalid one.', 'The producer of the block is faulty.'),
  BAD_TRANSACTION: row(38, 400, 1, 0, 'The block holds a transaction that may not be in it.', 'The producer of the block is faulty.'),
  REORG_TOO_DEEP: row(39, 500, 1, 0, 'A heavier branch forks below the undo window.', 'See docs/operate/recovery.md: the node stops, a person decides.'),
  RATE_EXCEEDED: row(40, 429, 1, 10, 'Too many requests or messages in a short time.', 'Slow down; docs/operate/limits.md has the rates.'),
  BAD_MESSAGE: row(41, 400, 1, 100, 'The message is not one of the protocol, or breaks its bounds.', 'The sender is faulty.'),
  WRONG_NETWORK: row(42, 400, 1, 100, 'The peer is on another chain.', 'Give it the same genesis file.'),
  PEER_TIMEOUT: row(43, 504, 4, 10, 'The peer did not answer in time.', 'Nothing to do; another peer is asked.'),
  PARSE_ERROR: row(44, 400, 1, 0, 'The body is not valid JSON.', 'Check the JSON.'),
  INVALID_REQUEST: row(45, 400, 1, 0, 'The JSON is not a JSON-RPC 2.0 request.', 'See docs/reference/rpc.md.'),
  METHOD_NOT_FOUND: row(46, 404, 2, 0, 'There is no such method or path.', 'rpc.discover lists the methods.'),
  INVALID_PARAMS: row(47, 400, 2, 0, 'A parameter is missing, unknown, or of the wrong form.', 'See docs/reference/rpc.md for the method.'),
  INTERNAL: row(48, 500, 1, 0, 'The node met a fault of its own.', 'Look into the log of the node; please report it.'),
  UNAUTHORIZED: row(49, 401, 1, 0, 'A token is needed, or the given one is wrong.', 'Give the token of the cookie file in the data folder.'),
  FORBIDDEN: row(50, 403, 1, 0, 'The token, host or origin does not allow this.', 'Use a token of the right scope, and the address 127.0.0.1.'),
  NOT_FOUND: row(51, 404, 1, 0, 'There is no such block, transaction, account or peer.', 'Check the identifier.'),
  TIMED_OUT: row(52, 504, 4, 0, 'It did not happen within the given time.', 'Ask again, or give more time.'),
  ACCOUNT_LOCKED: row(53, 403, 1, 0, 'The daemon has no account of its own to sign with.', 'Sign yourself and use tx_submit, or start it with --account.'),
  FINALITY_UNAVAILABLE: row(54, 501, 1, 0, 'The engine of this chain cannot give this kind of finality.', 'Read with local or confirmed:<n>.'),
  RESUME_TOO_OLD: row(55, 410, 1, 0, 'The resume point is below the undo window or on an unknown branch.', 'Read the present state and watch from there.'),
  HEIGHT_UNAVAILABLE: row(56, 404, 1, 0, 'What was at this height is not held here.', 'Ask for a height nearer to the head, or a node that was not pruned.'),
  NOT_CONFIRMED: row(57, 409, 1, 0, 'It has fewer confirmations than asked for.', 'Wait for more blocks.'),
  STOPPING: row(58, 503, 1, 0, 'The node is stopping.', 'Start it again.'),
  UNREACHABLE: row(59, 503, 3, 0, 'No daemon answers at this address.', 'Start one with `kvchain start`, or give --rpc.'),
  NOT_VERIFIED: row(60, 422, 5, 0, 'The proof does not prove the claim.', 'Do not trust the answer; ask another node.'),
  BAD_CONFIG: row(61, 400, 2, 0, 'A flag or a line of the configuration is unknown or wrong.', '`kvchaind --help` lists them.'),
  BAD_GENESIS: row(62, 400, 2, 0, 'The genesis file is not valid.', 'See docs/protocol/genesis.md.'),
  BAD_KEY_FILE: row(63, 400, 1, 0, 'The key file is damaged, too new, or not a key file.', 'Restore it from its backup.'),
  BAD_PASSWORD: row(64, 403, 1, 0, 'The password does not open the key file.', 'Check the password file.'),
  LOOSE_PERMISSIONS: row(65, 403, 1, 0, 'A secret file can be read by other users.', 'chmod 600 the file.'),
  DATABASE_LOCKED: row(66, 503, 1, 0, 'Another process uses this data folder.', 'Stop that process, or give another --data-dir.'),
  DATABASE_DAMAGED: row(67, 500, 1, 0, 'A stored record does not match its checksum or its place.', 'See docs/operate/recovery.md.'),
  DATABASE_VERSION: row(68, 500, 1, 0, 'The data folder was written by a newer version or for another chain.', 'Upgrade kvchain, or give another --data-dir.'),
  DISK_FAILED: row(69, 507, 1, 0, 'The disk refused a read or a write.', 'Free space or mend the disk, then start the node again.'),
  PORT_IN_USE: row(70, 503, 1, 0, 'The port is taken by another program.', 'Give another --rpc-port or --p2p-port.'),
  NOT_TEST_NETWORK: row(71, 403, 1, 0, 'The method is for test networks only.', 'Use a genesis with testNetwork true.'),
  USAGE: row(72, 400, 2, 0, 'The command is not used as it should be.', 'Run it with --help.'),
  TRANSACTION_DROPPED: row(73, 409, 1, 0, 'The mempool dropped the transaction: another took its nonce, or it expired.', 'Sign and send it again.'),
  GAP_LIMIT: row(74, 429, 1, 0, 'Too many transactions of the sender wait for an earlier nonce.', 'Send the missing nonce first.'),
  BAD_BACKUP: row(75, 422, 1, 0, 'The backup is cut off, damaged, too new, or none.', 'Nothing was restored; take another backup.'),
} as const satisfies Record<string, ErrorRow>;

function row(...[number, http, exit, penalty, meaning, action]: RowFields): ErrorRow {
  return { number, http, exit, penalty, meaning, action };
}
