/**
 * An engine without its type parameters: state, messages and records stay inside, bytes go in and out. So the driver is written once
 * for all engines, and no part of it can look into the state of one.
 */
import type { SealedHeader } from '../chain/block.ts';
import { type Codec, decodeBytes, encode } from '../chain/codec.ts';
import { accept, KvchainError, type Result, unreachable } from '../chain/errors.ts';
import type { EngineName, Genesis, Params } from '../chain/genesis.ts';
import type { SignatureCheck } from '../chain/validate.ts';
import type {
  BodySeal,
  Effect,
  Engine,
  EngineContext,
  EngineEvent,
  EngineView,
  FaultModel,
  HeaderChain,
  MemberIndex,
  Recovery,
} from './engine.ts';

/** A member's message, and a record, are at most this long. */
export const messageBytesMax = 1_048_576;

/** A way of agreeing, chosen by its name at run time. */
export interface AnyEngine {
  readonly name: EngineName;
  readonly faultModel: FaultModel;
  readonly headerChain: HeaderChain | null;
  /** What the engine demands of its parameters. Code: BAD_GENESIS. */
  checkParams(params: Params): Result<null>;
  bodySeal(params: Params): BodySeal | null;
  /** How far below the applied tip `Recovery.tree` begins. */
  treeDepth(genesis: Genesis): number;
  /** Throws DATABASE_DAMAGED for records that cannot be decoded, and what the engine throws. */
  recover(context: EngineContext, recovery: Recovery<Uint8Array>): EngineInstance;
  /** What a seal must fulfil without any context; first of all checks. */
  checkSeal(sealed: SealedHeader, params: Params): Result<null>;
}

/** A running engine. The contract of each method is that of `Engine`. */
export interface EngineInstance {
  readonly name: EngineName;
  readonly faultModel: FaultModel;
  readonly canFinalize: boolean;
  /** A message that cannot be decoded costs its sender BAD_MESSAGE. */
  step(event: EngineEvent<Uint8Array>): readonly Effect<Uint8Array, Uint8Array>[];
  /** Null where the engine's log stays short by itself. */
  condense(): readonly Uint8Array[] | null;
  /** Signatures to be checked before the message is told; none for one that cannot be decoded, null for one that is not to be told. */
  signatureChecks(member: MemberIndex | null, message: Uint8Array): readonly SignatureCheck[] | null;
  digest(): Uint8Array;
  view(): EngineView;
  leader(): MemberIndex | null;
  finalHeight(): number;
  staleBlocks(): number;
  checkSeal(sealed: SealedHeader, params: Params): Result<null>;
  bodySeal(params: Params): BodySeal | null;
  gossipsTransactions(params: Params): boolean;
  /** Empty for what is no message of this engine. */
  describe(message: Uint8Array): Readonly<Record<string, string | number>>;
  treeRecord(hash: Uint8Array): Uint8Array | null;
  header(hash: Uint8Array): SealedHeader | null;
}

/** Closes over an engine's types. */
export function eraseTypes<S, M, R>(engine: Engine<S, M, R>): AnyEngine {
  return {
    name: engine.name,
    faultModel: engine.faultModel,
    headerChain: engine.headerChain,
    checkParams: params => engine.checkParams?.(params) ?? accept(null),
    bodySeal: params => engine.bodySeal?.(params) ?? null,
    treeDepth: genesis => engine.treeDepth(genesis),
    recover: (context, recovery) => {
      const records = decodeRecords(engine.recordCodec, recovery.records);
      const state = engine.recover(context, { ...recovery, records });
      // A log is checked to its end, also by an engine that needs none of it.
      while (records.next().done !== true);
      return instanceOf(engine, state);
    },
    checkSeal: (sealed, params) => engine.checkSeal(sealed, params),
  };
}

function instanceOf<S, M, R>(engine: Engine<S, M, R>, state: S): EngineInstance {
  return {
    name: engine.name,
    faultModel: engine.faultModel,
    canFinalize: engine.canFinalize,
    step: event => {
      const decoded = decodeEvent(engine.messageCodec, event);
      if (!decoded.ok) return decoded.effects;
      return engine.step(state, decoded.event).map(effect => encodeEffect(engine, effect));
    },
    condense: () => engine.condense?.(state).map(record => encode(engine.recordCodec, record)) ?? null,
    signatureChecks: (member, bytes) => {
      if (engine.signatureChecks === undefined) return [];
      const message = decodeBytes(engine.messageCodec, bytes, messageBytesMax);
      return message.ok ? engine.signatureChecks(state, member, message.value) : [];
    },
    digest: () => engine.digest(state),
    view: () => engine.view(state),
    leader: () => engine.leader?.(state) ?? null,
    finalHeight: () => engine.finalHeight(state),
    staleBlocks: () => engine.staleBlocks(state),
    checkSeal: (sealed, params) => engine.checkSeal(sealed, params),
    bodySeal: params => engine.bodySeal?.(params) ?? null,
    gossipsTransactions: params => engine.gossipsTransactions?.(params) ?? true,
    describe: bytes => {
      const message = decodeBytes(engine.messageCodec, bytes, messageBytesMax);
      return message.ok ? (engine.describe?.(message.value) ?? {}) : {};
    },
    treeRecord: hash => engine.treeRecord(state, hash),
    header: hash => engine.header(state, hash),
  };
}

type DecodedEvent<M> =
  | { readonly ok: true; readonly event: EngineEvent<M> }
  | { readonly ok: false; readonly effects: readonly Effect<Uint8Array, Uint8Array>[] };

function decodeEvent<M>(codec: Codec<M>, event: EngineEvent<Uint8Array>): DecodedEvent<M> {
  if (event.type !== 'message') return { ok: true, event };
  const message = decodeBytes(codec, event.message, messageBytesMax);
  if (message.ok) return { ok: true, event: { ...event, message: message.value } };
  const { detail } = message.error;
  return { ok: false, effects: [{ type: 'penalize', peer: event.from, code: 'BAD_MESSAGE', detail }] };
}

function encodeEffect<S, M, R>(engine: Engine<S, M, R>, effect: Effect<M, R>): Effect<Uint8Array, Uint8Array> {
  switch (effect.type) {
    case 'persist':
      return { type: 'persist', records: effect.records.map(record => encode(engine.recordCodec, record)) };
    case 'note':
      return { type: 'note', records: effect.records.map(record => encode(engine.recordCodec, record)) };
    case 'send':
      return { type: 'send', to: effect.to, message: encode(engine.messageCodec, effect.message) };
    case 'broadcast':
      return { type: 'broadcast', message: encode(engine.messageCodec, effect.message) };
    case 'announce':
      return { type: 'announce', message: encode(engine.messageCodec, effect.message) };
    case 'readable':
    case 'setTimer':
    case 'clearTimer':
    case 'fetchHeaders':
    case 'fetchBodies':
    case 'switch':
    case 'give':
    case 'relay':
    case 'markInvalid':
    case 'mine':
    case 'stopMining':
    case 'penalize':
    case 'halt':
    case 'evidence':
    case 'trace':
      return effect;
    default:
      return unreachable(effect);
  }
}

/** One after the other: an engine may fold a long log without holding it. */
function* decodeRecords<R>(codec: Codec<R>, records: Iterable<Uint8Array>): Generator<R> {
  let sequence = 0;
  for (const bytes of records) {
    const record = decodeBytes(codec, bytes, messageBytesMax);
    if (!record.ok) throw new KvchainError('DATABASE_DAMAGED', `engine record ${sequence}: ${record.error.detail}`);
    sequence += 1;
    yield record.value;
  }
}
