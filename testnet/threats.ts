/**
 * What a node must survive: every known attack and fault that touches what is built here, in one table. A row is bound to its tests by
 * their titles, which begin with its id ('C8: a body with the last transaction twice is refused'); docs/operate/threats.md is written from both.
 */

/** One attack or fault. `owed`: its tests are still being written. `builtBy`: what it aims at does not exist yet, and who brings it. */
export interface Threat {
  readonly attack: string;
  readonly state?: 'owed' | { readonly builtBy: string };
}

/** Rows of one kind; the letter of their ids is theirs alone. */
export interface ThreatChapter {
  readonly title: string;
  readonly rows: Readonly<Record<string, Threat>>;
}

export const threatChapters: readonly ThreatChapter[] = [
  {
    title: 'Blocks and work',
    rows: {
      C1: { attack: 'A private branch with more work undoes blocks that were paid for' },
      C2: { attack: 'Selfish mining: blocks are withheld and told when that wins a race' },
      C3: { attack: 'A very long branch, heavier or of equal work' },
      C4: { attack: 'Timestamps that bend the difficulty, or a network that slept' },
      C5: { attack: 'A block from the future' },
      C6: { attack: 'Headers without work, with too easy a target, or very many cheap ones' },
      C7: { attack: 'A body that does not give the roots of its header' },
      C8: { attack: 'A body with the last transaction twice, for a Merkle tree that cannot tell' },
      C9: { attack: 'An inner node of a tree shown as a leaf' },
      C10: { attack: 'Bad signatures: of another key, empty, over other bytes' },
      C11: { attack: 'A second encoding of a signature or key' },
      C12: { attack: 'Two spendings inside one block that only together are too much' },
      C13: { attack: 'One transaction twice, in a block or in two blocks of a chain' },
      C14: { attack: 'A producer that credits itself more than subsidy and fees' },
      C15: { attack: 'Amounts that overflow, or lose digits as numbers of JSON' },
      C16: { attack: 'Blocks, transactions, keys and values one byte too long, or empty' },
      C17: { attack: 'Unknown versions, fields and operations, bytes after the end, other encodings' },
      C18: { attack: 'A flood of blocks and transactions whose parents are unknown' },
      C19: { attack: 'An invalid block deep inside a branch that looks good' },
      C20: { attack: 'Headers that are their own parent, lie about their height, or belong to another chain' },
    },
  },
  {
    title: 'Transactions',
    rows: {
      T1: { attack: 'A transaction of one chain sent to another' },
      T2: { attack: 'The same transaction, the same nonce, or a far nonce, again and again' },
      T3: { attack: 'Two signatures that give the key away' },
      T4: { attack: 'A copy with another signature, to change the id' },
      T5: { attack: 'A mempool filled with cheap, far or unpayable transactions' },
      T6: { attack: 'A flood of announced ids' },
      T7: { attack: 'Keys and values made to hurt who shows or stores them' },
    },
  },
  {
    title: 'Peers',
    rows: {
      P1: { attack: 'A node that is surrounded by peers of one attacker' },
      P2: { attack: 'Votes of identities that are no members' },
      P3: { attack: 'Connections and streams by the thousand' },
      P4: { attack: 'Subscriptions and control messages of gossip by the million' },
      P5: { attack: 'Gossip that is invalid, repeated or old' },
      P6: { attack: 'Length prefixes that lie, and messages that never end' },
      P7: { attack: 'Little bytes that unpack to many' },
      P8: { attack: 'Arrays nested a million deep' },
      P9: { attack: 'Peers that are slow, never read, or fall silent' },
      P10: { attack: 'Requests without number, sense or end' },
      P11: { attack: 'Games with identities: one twice, our own, another network' },
      P12: { attack: 'Addresses told to make a node knock elsewhere' },
      P13: { attack: 'Snapshots that lie, lack a part, never end, or are offered and not given' },
    },
  },
  {
    title: 'The API, the command line and keys',
    rows: {
      R1: { attack: 'Tokens that are missing, wrong or guessed' },
      R2: { attack: 'A web page whose name is bound to a local address' },
      R3: { attack: 'A web page that posts to a local daemon' },
      R4: { attack: 'Callers that send a byte now and then' },
      R5: { attack: 'Bodies, headers and addresses without end' },
      R6: { attack: 'Batches and calls that bend JSON-RPC' },
      R7: { attack: 'No file descriptors left' },
      R8: { attack: 'TLS that is old, plain or broken' },
      R9: { attack: 'Paths that lead out of a file store or a backup', state: { builtBy: 'the file store' } },
      R10: { attack: 'Secrets in arguments, logs or files that others can read' },
      R11: { attack: 'Key files that were changed' },
      R12: { attack: 'A gateway that makes answers up', state: { builtBy: 'the engines with members' } },
    },
  },
  {
    title: 'Disks, clocks and processes',
    rows: {
      D1: { attack: 'The process is killed at a write, or during recovery' },
      D2: { attack: 'Writes that were called durable and are lost or torn' },
      D3: { attack: 'The disk is full' },
      D4: { attack: 'Files of the database that were changed, cut or deleted' },
      D5: { attack: 'Two processes on one data folder, or a stale lock' },
      D6: { attack: 'A clock that jumps' },
      D7: { attack: 'Little memory' },
      D8: { attack: 'Signals, at any moment' },
      D9: { attack: 'Failures that nobody handles, and an event loop that is blocked' },
      D10: { attack: 'A node dies with the only copy of a fragment', state: { builtBy: 'the file store' } },
    },
  },
  {
    title: 'Members of a committee',
    rows: {
      X1: { attack: 'Several members stand for election at once' },
      X2: { attack: 'Messages of members that come twice, in any order, or minutes late' },
      X3: { attack: 'A member dies between what it writes and what it says' },
      X4: { attack: 'A leader that is cut off from the majority, and has clients' },
      X5: { attack: 'A leader dies when a majority accepted a block and nobody was told' },
      X6: { attack: 'A member that is empty or far behind stands for election' },
      X7: { attack: 'Links that fail in one direction, and a majority that is lost and comes back' },
      B: { attack: 'Members that lie, vote twice or hide', state: { builtBy: 'the engine bft' } },
      L: { attack: 'Dependencies that lie, never end or go in circles', state: { builtBy: 'the engine leaderless' } },
    },
  },
];
