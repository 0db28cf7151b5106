/** Promises and roles: how a member takes a higher ballot, refuses a lower one, follows a leader and stops being one. */
import type { SealedHeader } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import { isEnforced } from '../../chain/rules.ts';
import type { MemberIndex } from '../engine.ts';
import { type Ballot, compareBallots } from './ballot.ts';
import type { Index, Message } from './messages.ts';
import type { Read, Run } from './state.ts';
import { clearTimer, heartbeatTimer, setElectionTimer, setHeartbeatTimer } from './timers.ts';

export function send({ effects }: Run, to: MemberIndex, message: Message): void {
  effects.push({ type: 'send', to, message });
}

export function broadcast({ state, effects }: Run, message: Message): void {
  state.toldHeight = message.decided.height;
  effects.push({ type: 'broadcast', message });
}

/** B-P1, B-A3, B-A4: says why a ballot is refused; what is decided goes with it, so that a stale leader can follow. */
export function refuse(run: Run, to: MemberIndex, ballot: Ballot): void {
  const { promised, log } = run.state;
  send(run, to, { type: 'nack', ballot, decided: log.decided, promised });
}

/** B-P3: a promise is on stable storage before it is told. A leader or candidate of a lower ballot steps down. */
export function promiseBallot(run: Run, ballot: Ballot): void {
  const { state, effects } = run;
  noteNumber(run, ballot);
  const order = compareBallots(ballot, state.promised);
  if (order === 0 || (order < 0 && isEnforced('B-P1'))) return;
  stepDown(run);
  state.promised = ballot;
  if (state.waiting !== null && compareBallots(state.waiting.message.ballot, ballot) < 0) state.waiting = null;
  if (isEnforced('B-P3')) effects.push({ type: 'persist', records: [{ type: 'promised', ballot }] });
}

/** A ballot number that anyone told of: the next own one will be higher. */
export function noteNumber({ state }: Run, { number }: Ballot): void {
  state.highestNumber = Math.max(state.highestNumber, number);
}

/** A leader whose ballot is not below the promise speaks: it is followed, and its silence waited for anew. */
export function follow(run: Run, ballot: Ballot): void {
  promiseBallot(run, ballot);
  run.state.failures = 0;
  setElectionTimer(run);
}

/** Tells the members who leads; those who lack blocks of this ballot answer so. */
export function beat(run: Run): void {
  const { promised, log, round } = run.state;
  broadcast(run, { type: 'heartbeat', ballot: promised, decided: log.decided, round });
  setHeartbeatTimer(run);
}

/** Back to a follower. Transactions of a block in the making stay in the mempool: nothing is queued here that could be lost. */
export function stepDown(run: Run): void {
  const { state } = run;
  if (state.role === 'follower') return;
  state.role = 'follower';
  state.promises.clear();
  state.acked.clear();
  state.heardAt.clear();
  state.sentAgainAt.clear();
  state.confirmed.clear();
  dropReads(run, () => true);
  stopMining(run);
  clearTimer(run, heartbeatTimer);
  setElectionTimer(run);
}

/** Nobody can tell any more whether these would miss something. */
export function dropReads(run: Run, isDropped: (read: Read) => boolean): void {
  const { state } = run;
  const dropped = state.reads.filter(isDropped);
  if (dropped.length === 0) return;
  state.reads = state.reads.filter(read => !isDropped(read));
  for (const { id, asker } of dropped) {
    if (asker === null) run.effects.push({ type: 'readable', id, isReadable: false });
    else sendIndex(run, asker, { ballot: state.promised, id, height: null });
  }
}

/** In the ballot of the question, which is this member's own, though it may lead no more. */
export function sendIndex(run: Run, to: MemberIndex, answer: Pick<Index, 'ballot' | 'id' | 'height'>): void {
  send(run, to, { type: 'index', decided: run.state.log.decided, ...answer });
}

export function stopMining({ state, effects }: Run): void {
  state.making = null;
  if (state.miningOn === null) return;
  state.miningOn = null;
  effects.push({ type: 'stopMining' });
}

/** Keeps headers that a member proposed or reported; false when there are too many. */
export function hold({ state }: Run, headers: readonly SealedHeader[]): boolean {
  const { blocks, applied, log, waiting } = state;
  const needed = [...log.tentative.map(({ sealed }) => sealed), ...(waiting?.message.headers ?? [])];
  return blocks.holdAll(headers, applied, hex => needed.some(({ hashHex }) => hashHex === hex));
}

/** The body of the block is stored. */
export function hasBody({ state }: Run, hash: Uint8Array): boolean {
  return state.blocks.get(toHex(hash))?.hasBody === true;
}
