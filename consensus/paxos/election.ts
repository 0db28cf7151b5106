/** Phase 1: standing for election, promising, and becoming the leader once a majority promised and its blocks are here. */
import { isEnforced } from '../../chain/rules.ts';
import type { MemberIndex } from '../engine.ts';
import { ballotNumberMax, compareBallots } from './ballot.ts';
import { chosenOf } from './choose.ts';
import { want } from './decide.ts';
import type { Nack, Prepare, PromiseMessage } from './messages.ts';
import { lead } from './propose.ts';
import { broadcast, hasBody, hold, noteNumber, promiseBallot, refuse, send, stepDown } from './role.ts';
import { electionMs, type Run } from './state.ts';
import { setElectionTimer } from './timers.ts';

/** B-L1, B-L2: a ballot above all that were promised or heard of, promised to oneself, then asked for. */
function stand(run: Run): void {
  const { state, effects } = run;
  if (state.self === null || state.role === 'leader') return;
  const number = Math.max(state.promised.number, state.highestNumber) + 1;
  if (number > ballotNumberMax) return;
  const ballot = { number, member: state.self };
  // Rivals are given way to; where no majority is to be heard there are none, and the wait stays short for when it is back.
  state.failures = state.heard.size + 1 >= state.quorum ? state.failures + 1 : 0;
  state.heard.clear();
  state.promised = ballot;
  state.highestNumber = number;
  state.role = 'candidate';
  state.waiting = null;
  state.promises.clear();
  // B-L1: never used again, also after a crash.
  if (isEnforced('B-L1')) effects.push({ type: 'persist', records: [{ type: 'promised', ballot }] });
  state.promises.set(state.self, []);
  broadcast(run, prepareOf(run)); // B-L2
  setElectionTimer(run);
  tryToLead(run, null);
}

/** B-L: no leader was heard in time. In a classroom the candidate whom no majority answers gives up, and waits to be asked again. */
export function endElection(run: Run): void {
  if (run.state.classroom === null) stand(run);
  else stepDown(run);
}

/** B-L: someone asks this member to stand. A leader that a majority answered within E stays: else such requests would stop progress. */
export function standOnRequest(run: Run): void {
  const { state, now } = run;
  const heard = [...state.heardAt.values()].filter(at => now >= at && now - at <= electionMs(state.params));
  if (state.role === 'candidate' || (state.role === 'leader' && heard.length + 1 >= state.quorum)) return;
  stepDown(run);
  stand(run);
}

export function acceptPrepare(run: Run, member: MemberIndex, { ballot, decided }: Prepare): void {
  const { state } = run;
  // B-P1: the same ballot again gets the same answer again.
  if (isEnforced('B-P1') && compareBallots(ballot, state.promised) < 0) {
    refuse(run, member, ballot);
    return;
  }
  if (decided.height < state.log.decided.height) {
    refuse(run, member, ballot); // B-P2
    return;
  }
  promiseBallot(run, ballot); // B-P3
  setElectionTimer(run);
  const tentative = isEnforced('B-P4') ? state.log.tentative : [];
  send(run, member, { type: 'promise', ballot, decided: state.log.decided, tentative }); // B-P4
}

export function acceptPromise(run: Run, member: MemberIndex, { ballot, tentative }: PromiseMessage): void {
  const { state } = run;
  if (state.role !== 'candidate' || compareBallots(ballot, state.promised) !== 0) return;
  state.promises.set(member, tentative);
  tryToLead(run, member);
}

/** Leads when a majority promised and the bodies of what it reported are here; `member` reported last. */
export function tryToLead(run: Run, member: MemberIndex | null): void {
  const { state } = run;
  if (state.role !== 'candidate' || state.promises.size < state.quorum) return;
  const chosen = chosenOf(state);
  const headers = chosen.map(({ sealed }) => sealed);
  if (!hold(run, headers)) return;
  if (chosen.every(({ sealed }) => hasBody(run, sealed.hash))) {
    lead(run, chosen);
    return;
  }
  want(run, member === null ? null : (state.peers.get(member) ?? null));
}

export function acceptNack(run: Run, member: MemberIndex, { ballot, promised }: Nack): void {
  const { state } = run;
  noteNumber(run, promised);
  if (state.role === 'follower' || compareBallots(ballot, state.promised) !== 0) return;
  // A higher ballot is about: it gets its chance, and this one waits longer each time.
  if (compareBallots(promised, ballot) > 0) {
    stepDown(run);
    return;
  }
  // B-P2: refused because of depth. Nothing was promised, so the same ballot may ask again from the depth that came with the refusal.
  if (state.role === 'candidate') send(run, member, prepareOf(run));
}

function prepareOf({ state }: Run): Prepare {
  return { type: 'prepare', ballot: state.promised, decided: state.log.decided };
}
