/**
 * Recovery: the promises and the log from the records, the blocks from the store, the tip from the ledger. The tip is decided by
 * definition, also when the log knows less; a log that knows more is applied again. Every member comes back as a follower.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import { KvchainError, unreachable } from '../../chain/errors.ts';
import { isEnforced } from '../../chain/rules.ts';
import type { EngineContext, Recovery, TreeRow } from '../engine.ts';
import { Random } from '../random.ts';
import { compareBallots, noBallot } from './ballot.ts';
import { type BlockLog, continues, pointOf, raise, write } from './block-log.ts';
import { Blocks } from './blocks.ts';
import { classroomOf } from './classroom.ts';
import type { LogRecord } from './records.ts';
import { type PaxosOptions, type PaxosState, paramsOf, quorumOf } from './state.ts';

/** Throws DATABASE_DAMAGED when the applied tip itself is not among the blocks. */
export function recover(context: EngineContext, recovery: Recovery<LogRecord>, options: PaxosOptions): PaxosState {
  const { genesis, self } = context;
  const rows = new Map<string, TreeRow>();
  for (const row of recovery.tree) rows.set(row.sealed.hashHex, row);
  const path = pathTo(context, rows, recovery.applied);
  const applied = pointOf(path.at(-1) ?? context.genesisHeader);
  const blocks = new Blocks(path);
  const log: BlockLog = { decided: applied, tentative: [] };
  let promised = noBallot;
  for (const record of recovery.records) {
    const ballot = fold(log, blocks, record);
    if (ballot !== null && compareBallots(ballot, promised) > 0) promised = ballot;
  }
  for (const { sealed, isInvalid } of rows.values()) {
    if (isInvalid || sealed.header.height <= applied.height) continue;
    blocks.hold(sealed);
    blocks.addBody(sealed.hashHex);
  }
  blocks.extendTo(log.decided);
  if (options.votesRestOnBodies) dropUntold(log, blocks);
  const classroom = classroomOf(paramsOf(genesis));
  return {
    genesis,
    params: paramsOf(genesis),
    classroom,
    self,
    quorum: quorumOf(genesis),
    // A nonce is searched on the block before, one after the other.
    window: classroom === null ? options.window : 1,
    checkSeal: options.checkSeal,
    random: new Random(context.seed),
    log,
    blocks,
    promised,
    highestNumber: promised.number,
    role: 'follower',
    promises: new Map(),
    acked: new Map(),
    heardAt: new Map(),
    sentAgainAt: new Map(),
    toldHeight: 0,
    round: 0,
    confirmed: new Map(),
    inherited: 0,
    reads: [],
    failures: 0,
    heard: new Set(),
    waiting: null,
    applied,
    switchingTo: null,
    peers: new Map(),
    source: null,
    askedAt: null,
    wanted: new Set(),
    miningOn: null,
    making: null,
    timers: new Map(),
    isHalted: false,
  };
}

/**
 * A vote and the body that it is for go to the disk side by side, and it is told when both are there (W1). So a vote whose body is not
 * there was never told: were it reported, a candidate would wait for a body that perhaps nobody has.
 */
function dropUntold(log: BlockLog, blocks: Blocks): void {
  if (!isEnforced('W2 restart')) log.tentative = [];
  const lacking = log.tentative.findIndex(({ sealed }) => blocks.get(sealed.hashHex)?.hasBody !== true);
  if (lacking >= 0) log.tentative = log.tentative.slice(0, lacking);
}

/**
 * One record, as it was when it was made. What lies at or below the applied tip has had its effect; an entry that does not continue the
 * log was gone before a later record was made. Gives the ballot that the record promises.
 */
function fold(log: BlockLog, blocks: Blocks, record: LogRecord) {
  switch (record.type) {
    case 'promised':
      return record.ballot;
    case 'accepted':
      if (continues(log, record.ballot, record.headers)) {
        write(log, record.ballot, record.headers);
        for (const { sealed } of log.tentative) blocks.hold(sealed);
      }
      return record.ballot; // B-A3: to accept is to promise.
    case 'decided':
      raise(log, record.point);
      return null;
    default:
      return unreachable(record);
  }
}

/**
 * The records of a log that was folded to this state: what is promised and decided, and each ballot with all that was accepted in it or
 * above it. An entry's ballot is never lower than that of the entry that stands on it (B-LM), so the lowest goes first and the others raise it.
 */
export function condense({ promised, log }: PaxosState): readonly LogRecord[] {
  const { decided, tentative } = log;
  const kept = isEnforced('W2 condense') ? tentative : [];
  const accepted = kept.flatMap(({ ballot }, index): readonly LogRecord[] => {
    const isLastOfBallot = compareBallots(tentative[index + 1]?.ballot ?? noBallot, ballot) !== 0;
    const headers = tentative.slice(0, index + 1).map(({ sealed }) => sealed);
    return isLastOfBallot ? [{ type: 'accepted', ballot, headers }] : [];
  });
  return [{ type: 'promised', ballot: promised }, { type: 'decided', point: decided }, ...accepted.toReversed()];
}

/** From the lowest stored block under the applied tip to that tip. */
function pathTo(
  { genesisHeader }: EngineContext,
  rows: ReadonlyMap<string, TreeRow>,
  applied: Uint8Array,
): readonly SealedHeader[] {
  const path: SealedHeader[] = [];
  let key = toHex(applied);
  for (let row = rows.get(key); row !== undefined && key !== genesisHeader.hashHex; row = rows.get(key)) {
    path.push(row.sealed);
    key = toHex(row.sealed.header.parent);
  }
  if (key === genesisHeader.hashHex) path.push(genesisHeader);
  if (path.length === 0) {
    throw new KvchainError('DATABASE_DAMAGED', `the applied tip ${toHex(applied)} is not among the stored blocks`);
  }
  return path.reverse();
}
