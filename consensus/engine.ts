/**
 * The seam between agreement and everything else. An engine is a pure state machine: `step` takes one fact and returns what is to be
 * done, in order. It has no clock, no randomness, no I/O; so the same events give the same effects on a real machine and in the
 * simulator.
 *
 * Contract (PROTOCOLS 1.2):
 * - W1: the effects of one step are carried out in their order, and none that follows a `persist` may leave the process before that
 *   persist is on stable storage, and with it every body that was told before.
 * - W2: `recover` over any prefix of the records that holds all those persisted before a message was sent gives an engine that never
 *   contradicts that message.
 * - `step` is total: it throws only on an assertion, which stops the node. What a peer sent arrives decoded, within its bounds and
 *   with its signatures checked.
 * - The applied tip is the ledger's alone: an engine recovers from its own records, the stored block tree and that tip.
 */
import type { Header, SealedHeader } from '../chain/block.ts';
import type { Derived } from '../chain/block-tree.ts';
import type { Codec } from '../chain/codec.ts';
import type { ErrorCode, Result } from '../chain/errors.ts';
import type { EngineName, Genesis, Params } from '../chain/genesis.ts';
import type { Signer, Transaction } from '../chain/transaction.ts';
import type { SignatureCheck } from '../chain/validate.ts';

/** Bodies that an engine asks for at a time, over all branches. */
export const bodiesWantedMax = 1_024;
/** Branches that an engine tells of, the heaviest. */
export const tipsMax = 100;

/** A remote node, by the text of its network identity. */
export type PeerId = string;

/** A member's place in the genesis, from 0. */
export type MemberIndex = number;

/** Facts, each with the engine's time in Unix milliseconds. */
export type EngineEvent<M> =
  | { readonly type: 'start'; readonly now: number }
  /**
   * What a node said; `member` is the one that it proved to be in its handshake, null for none. `from` is where headers and bodies are
   * asked for. A node that is no member hears what is announced.
   */
  | {
      readonly type: 'message';
      readonly now: number;
      readonly from: PeerId;
      readonly member: MemberIndex | null;
      readonly message: M;
    }
  | { readonly type: 'timer'; readonly now: number; readonly id: string }
  /** Headers in the order in which they were sent; null is this node's own miner. Seals and signatures are checked. */
  | {
      readonly type: 'headers';
      readonly now: number;
      readonly from: PeerId | null;
      readonly headers: readonly SealedHeader[];
      /** They answer `fetchHeaders`: a part of the chain on which the peer's ledger stands. */
      readonly isAnswer?: boolean;
    }
  /** The body of a known header is complete, statelessly valid, gives the transactionsRoot, and is stored, or will be before a later `persist` is (W1). */
  | { readonly type: 'body'; readonly now: number; readonly hash: Uint8Array }
  /** The ledger stands at `tip` now: it carried out a `switch`, or the part of it that was valid. */
  | { readonly type: 'applied'; readonly now: number; readonly tip: Uint8Array }
  /** Executing the block with its parent's state broke a rule: it is invalid for ever and for everyone. */
  | { readonly type: 'invalid'; readonly now: number; readonly hash: Uint8Array; readonly code: ErrorCode }
  /** A person or a client asks this member to stand for election; nothing where nobody leads. */
  | { readonly type: 'lead'; readonly now: number }
  /** Somebody wants to read what is certain to hold all that was acknowledged until now. Answer: `readable` with this number. */
  | { readonly type: 'read'; readonly now: number; readonly id: number };

/** Orders, carried out one after the other. */
export type Effect<M, R> =
  /** Write-ahead barrier (W1). */
  | { readonly type: 'persist'; readonly records: readonly R[] }
  /** Records that may be lost in a crash without harm. They come before those of a later `persist`; nothing waits for them. */
  | { readonly type: 'note'; readonly records: readonly R[] }
  /** To a member; lost when it is not connected. */
  | { readonly type: 'send'; readonly to: MemberIndex; readonly message: M }
  /** To all other members that are connected. */
  | { readonly type: 'broadcast'; readonly message: M }
  /** To all peers that are no members, now, and to every peer in its handshake and when it has connected; the newest alone counts. */
  | { readonly type: 'announce'; readonly message: M }
  /** The ledger as it stands holds all that was acknowledged before this read was asked for; or it cannot be told. */
  | { readonly type: 'readable'; readonly id: number; readonly isReadable: boolean }
  /** At most one timer of an id runs; setting it again moves it. */
  | { readonly type: 'setTimer'; readonly id: string; readonly afterMs: number }
  | { readonly type: 'clearTimer'; readonly id: string }
  /**
   * Ask this peer for headers: those after block `after`, put first in the locator (it need not be one that we hold); null: from our
   * chain on, because a header's ancestors are unknown.
   */
  | { readonly type: 'fetchHeaders'; readonly peer: PeerId; readonly after: Uint8Array | null }
  /**
   * All bodies wanted from now on, most urgent first, at most `bodiesWantedMax`: the list replaces the one before.
   */
  | { readonly type: 'fetchBodies'; readonly hashes: readonly Uint8Array[]; readonly hint: PeerId | null }
  /**
   * Move the ledger: undo these (newest first) down to `ancestor`, then apply those (oldest first). Answer: `applied` when the ledger
   * moved, and after it `invalid` when a block of the list is. No other switch is ordered before.
   */
  | {
      readonly type: 'switch';
      readonly ancestor: Uint8Array;
      readonly undo: readonly Uint8Array[];
      readonly apply: readonly Uint8Array[];
    }
  /** To all other members that are connected: the whole block, ahead of messages that are sent later. */
  | { readonly type: 'give'; readonly hash: Uint8Array }
  /** The block may be passed on: everything that can be checked without executing it holds. */
  | { readonly type: 'relay'; readonly hash: Uint8Array }
  /** Remember that the block and its descendants are invalid. */
  | { readonly type: 'markInvalid'; readonly hash: Uint8Array; readonly code: ErrorCode }
  /** Build a block on this parent and search its nonce; replaces an earlier order. */
  | { readonly type: 'mine'; readonly template: Template }
  | { readonly type: 'stopMining' }
  /** The peer sent what could be checked before relaying, and it was wrong. */
  | { readonly type: 'penalize'; readonly peer: PeerId; readonly code: ErrorCode; readonly detail: string }
  /** The engine cannot go on without a person (a reorg below the undo window). */
  | { readonly type: 'halt'; readonly code: ErrorCode; readonly detail: string }
  /** What the agreement's assumptions rule out, or a person must know of, was seen. */
  | { readonly type: 'evidence'; readonly evidence: Evidence }
  /** A rule was used; for traces and tests. */
  | { readonly type: 'trace'; readonly rule: string; readonly data: Readonly<Record<string, string | number>> };

/** Finality and something else disagree at the final block `hash`; finality wins. */
export interface Evidence {
  /**
   * `heavier-branch`: `other` is the first block, or the tip, of a branch with more work that misses the final block. `two-certificates`:
   * `other` is certified too and no block of the same chain, so members did what they are trusted not to do.
   */
  readonly kind: 'heavier-branch' | 'two-certificates';
  readonly height: number;
  readonly hash: Uint8Array;
  readonly other: Uint8Array;
}

/** What the engine demands of the next block on `parent`. */
export interface Template {
  readonly parent: Uint8Array;
  readonly height: number;
  readonly bits: number;
  /** The block's time is at least this. */
  readonly timeMin: number;
  /** The header's; where the network has a body seal, what its search begins with. */
  readonly extension: Uint8Array;
  /** Whether its nonce is searched, or is zeros for an engine without proof of work. */
  readonly nonce: 'search' | 'zeros';
  /** Whether a block is made at once, empty when nobody wants anything, or as soon as a transaction waits. */
  readonly when: 'at once' | 'transactions wait';
}

/** A block whose body is stored, with what the engine derived for it (`treeRecord`). */
export interface TreeRow {
  readonly sealed: SealedHeader;
  readonly record: Uint8Array;
  readonly isInvalid: boolean;
}

export interface EngineContext {
  readonly genesis: Genesis;
  /** The sealed header of block 0. */
  readonly genesisHeader: SealedHeader;
  /** Index among the genesis members; null for an observer, and always for proof of work. */
  readonly self: MemberIndex | null;
  /** Signs in the name of `self`, the same digest always in the same way (RFC 6979); null for an observer. */
  readonly signer: Signer | null;
  /** Seed of the engine's own random choices. */
  readonly seed: bigint;
}

export interface Recovery<R> {
  /** The engine's own records, in the order in which they were persisted. */
  readonly records: Iterable<R>;
  /** Stored blocks, parents before children, from `treeDepth` below the applied tip up. */
  readonly tree: Iterable<TreeRow>;
  /** The block hash at which the ledger stands. */
  readonly applied: Uint8Array;
  /** The ledger cannot be taken back below this height, as bodies up to there are not held; 0 where all are. */
  readonly floor: number;
}

/** What others may know of an engine's state. */
export interface EngineView {
  /** The heaviest header known, whether its bodies are here or not. */
  readonly bestHeader: { readonly hash: Uint8Array; readonly height: number; readonly work: bigint };
  /** The applied tip. */
  readonly head: { readonly hash: Uint8Array; readonly height: number; readonly work: bigint };
  /** The highest final height; 0 where nothing but the genesis is final. */
  readonly finalHeight: number;
  /** What this node is among the members now, in the engine's word, such as `leader`; not there where all are alike. */
  readonly role?: string;
  /** The highest ballot that this node promised, where leaders stand with ballots. */
  readonly ballot?: { readonly number: number; readonly member: MemberIndex };
  /** At most `tipsMax`. */
  readonly tips: readonly Tip[];
  readonly kept: readonly Kept[];
}

/** Something that peers can make the engine keep, with its limit. */
export interface Kept {
  /** In the plural, such as `orphans`. */
  readonly what: string;
  readonly count: number;
  readonly max: number;
}

export interface Tip {
  readonly hash: Uint8Array;
  readonly height: number;
  readonly work: bigint;
  readonly status: 'active' | 'valid-fork' | 'headers-only' | 'invalid';
}

/** What a header's checks need of its parent: where it stands, and what was derived for it. */
export interface ParentPoint extends Derived {
  readonly height: number;
  readonly time: number;
}

export interface ContextRules {
  /** Difficulty parameters. */
  readonly params: Params;
  /** How far ahead of the clock a block may be at this height, which also caps its step. */
  readonly driftMs: number;
}

/** For engines whose headers prove the chain by themselves: how a light client checks one after the other. */
export interface HeaderChain {
  /** Codes: BAD_HEIGHT, BAD_BITS, BAD_TIME. */
  checkContext(sealed: SealedHeader, parent: ParentPoint, rules: ContextRules): Result<Derived>;
  /** What is stored beside a header for which this was derived: as `treeRecord`, for who holds no engine's state. */
  encodeDerived(derived: Derived): Uint8Array;
}

/** What a header says of its body in its extension, and has to be searched for: so a block's content is bound before it is agreed on. */
export interface BodySeal {
  /** The extension of a block of these transactions; every trial is a step. The same for the same seed. */
  search(
    template: Template,
    transactions: readonly Transaction[],
    seed: bigint,
  ): Generator<undefined, Uint8Array, undefined>;
  /** Whether the header's extension is one for these. Code: BAD_HEADER, with which the block is invalid for ever. */
  check(header: Header, transactions: readonly Transaction[]): Result<null>;
  /** What the extension says, for people. */
  texts(header: Header, transactions: readonly Transaction[]): Readonly<Record<string, string>>;
}

/** What members may do wrong without breaking the agreement: stop, or lie as they please. */
export type FaultModel = 'crash' | 'byzantine';

/** One way of agreeing. `S` its state (changed by step), `M` its members' messages, `R` its durable records. */
export interface Engine<S, M, R> {
  readonly name: EngineName;
  readonly faultModel: FaultModel;
  /** Whether anything but the genesis ever becomes final. */
  readonly canFinalize: boolean;
  readonly messageCodec: Codec<M>;
  readonly recordCodec: Codec<R>;
  /** Null where certificates decide, not headers. */
  readonly headerChain: HeaderChain | null;
  /** What the engine demands of its parameters; nothing when not there. Code: BAD_GENESIS. */
  checkParams?(params: Params): Result<null>;
  /** Null, as where it is not there, when headers say nothing of their bodies but the roots. */
  bodySeal?(params: Params): BodySeal | null;
  /** False where transactions are for whoever leads alone, and wait while nobody is known to; true when not there. */
  gossipsTransactions?(params: Params): boolean;
  /** A message in a few words for traces: its type first. Not there where members say nothing. */
  describe?(message: M): Readonly<Record<string, string | number>>;
  /** How many blocks below the applied tip the engine keeps in memory: there `Recovery.tree` begins. */
  treeDepth(genesis: Genesis): number;
  recover(context: EngineContext, recovery: Recovery<R>): S;
  step(state: S, event: EngineEvent<M>): readonly Effect<M, R>[];
  /**
   * Records that stand for all that were persisted until now: `recover` from them keeps every promise that was made (W2). So a log need
   * not grow for ever. Not there where it stays short by itself.
   */
  condense?(state: S): readonly R[];
  /**
   * The signatures of a message that is news; it is told only if all of them are good. Null for one that is not worth a check: it is not
   * told. Not there where messages need none.
   */
  signatureChecks?(state: S, member: MemberIndex | null, message: M): readonly SignatureCheck[] | null;
  /** SHA-256 of the canonical state: equal after the same events. */
  digest(state: S): Uint8Array;
  view(state: S): EngineView;
  /** The member that makes the blocks now, to which transactions go; null while nobody is known to. Not there where everybody may. */
  leader?(state: S): MemberIndex | null;
  /** That of the view, without the cost of making one. */
  finalHeight(state: S): number;
  /** Complete blocks in memory, not known to be invalid, that lost: off the branch of the head and no better than it. May walk all that is kept. */
  staleBlocks(state: S): number;
  /** What a seal must fulfil without any context: cheap, first of all checks (A-V1). */
  checkSeal(sealed: SealedHeader, params: Params): Result<null>;
  /**
   * What is stored beside a known header, so that `recover` need not derive it from its ancestors: nothing without a `headerChain`, for
   * who checks a database derives the same. Null for an unknown header.
   */
  treeRecord(state: S, hash: Uint8Array): Uint8Array | null;
  /** The sealed header of a block that the engine holds in memory, or null. */
  header(state: S, hash: Uint8Array): SealedHeader | null;
}
