/** A member of three, or an observer of them, that a test plays against by hand. */
import { type SealedHeader, seal } from '../../chain/block.ts';
import type { EngineContext, MemberIndex } from '../engine.ts';
import { emptyHeader, genesisTime } from '../engine-context.suite.ts';
import type { Ballot, Point } from './ballot.ts';
import { pointOf } from './block-log.ts';
import { encodeClassroom } from './classroom.ts';
import type { Message } from './messages.ts';
import { type PaxosEvent, paxos } from './paxos.ts';
import type { PaxosEffect, PaxosState } from './state.ts';
import { contextOf } from './walk.suite.ts';

const context = contextOf(3);
const now = genesisTime + 1_000;
export const genesis = pointOf(context.genesisHeader);

/** The same three in a classroom. */
export function classroomContext(): EngineContext {
  const [first] = context.genesis.schedule;
  if (first === undefined) throw new Error('a genesis has parameters');
  const params = { ...first.params, engineParams: encodeClassroom({ nonceDigits: 1 }) };
  return { ...context, genesis: { ...context.genesis, schedule: [{ height: 0, params }] } };
}

export function blockOn(parent: Point, salt: number): SealedHeader {
  const stateRoot = new Uint8Array(32).fill(salt);
  const time = genesisTime + parent.height + 1;
  const header = { ...emptyHeader, height: parent.height + 1, parent: parent.hash, time, stateRoot };
  return seal(header, new Uint8Array(32), new Uint8Array(64));
}

export class Member {
  readonly state: PaxosState;

  constructor(self: MemberIndex | null = 0, given: EngineContext = context) {
    this.state = paxos.recover({ ...given, self }, { records: [], tree: [], applied: genesis.hash, floor: 0 });
  }

  step(event: PaxosEvent): readonly PaxosEffect[] {
    return paxos.step(this.state, event);
  }

  hear(member: number, message: Message): readonly PaxosEffect[] {
    return this.step({ type: 'message', now, from: `node-${member}`, member, message });
  }

  /** Elected in its next ballot by the promise of member 2. */
  elect(tentative: Extract<Message, { type: 'promise' }>['tentative'] = []): Ballot {
    this.step({ type: 'lead', now });
    const ballot = this.state.promised;
    this.hear(2, { type: 'promise', ballot, decided: genesis, tentative });
    return ballot;
  }

  make(block: SealedHeader): readonly PaxosEffect[] {
    this.step({ type: 'headers', now, from: null, headers: [block] });
    return this.step({ type: 'body', now, hash: block.hash });
  }
}
