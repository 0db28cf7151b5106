/** Three members over one ledger each, on wires that lose nothing: what becomes final, what is followed, and in which order it is done. */
import { describe, expect, it } from 'vitest';
import type { SealedHeader } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import { producerCheck } from '../../chain/validate.ts';
import type { MemberIndex, TreeRow } from '../engine.ts';
import { genesisTime } from '../engine-context.suite.ts';
import { tentativeMax } from '../paxos/messages.ts';
import type { Grown } from '../pow/grown-chain.suite.ts';
import type { Certificate } from './certificate.ts';
import { type Checkpoint, checkpointOf, firstCheckpoint, idOf, sealCheckpoint } from './checkpoint.ts';
import { judgedMax } from './committee.ts';
import {
  CommitteeChain,
  certificateOf,
  checkpointsOn,
  committeeContext,
  depth,
  spacing,
} from './committee-chain.suite.ts';
import type { Message } from './messages.ts';
import { type PowPaxosEvent, powPaxos } from './pow-paxos.ts';
import type { LogRecord } from './records.ts';
import type { PowPaxosEffect } from './state.ts';

const count = 3;
const later = genesisTime + 1_000_000_000;
const chain = new CommitteeChain(committeeContext(count, null));
const trunk = chain.chain(chain.genesis, 3 * spacing + depth);
/** Misses every checkpoint of the trunk, and has more work than it. */
const rival = chain.chain(chain.genesis, 3 * spacing + depth + 4, { salt: 1 });
const [first, second, third] = certificatesOf(trunk);

function certificatesOf(blocks: readonly Grown[]): readonly Certificate[] {
  const spaced = blocks.filter((_, index) => (index + 1) % spacing === 0);
  return checkpointsOn(chain.context, spaced).map(checkpoint => certificateOf(chain.context, [0, 1], checkpoint));
}

/** An engine with a ledger that says yes. `self` null is an observer. */
class Participant {
  readonly self: MemberIndex | null;
  readonly effects: PowPaxosEffect[] = [];
  readonly outbox: { readonly to: MemberIndex | 'members' | 'others'; readonly message: Message }[] = [];
  readonly log: LogRecord[] = [];
  readonly rows: TreeRow[] = [];
  applied: Uint8Array = chain.context.genesisHeader.hash;
  /** What the ledger did, of which the engine hears at once, or with `hearOfLedger` where it is an array. */
  untold: PowPaxosEvent[] | null = null;
  state = this.#recover();

  constructor(self: MemberIndex | null) {
    this.self = self;
    this.restart();
  }

  restart(): void {
    this.state = this.#recover();
    this.step({ type: 'start', now: later });
  }

  #recover() {
    const recovery = { records: [...this.log], tree: [...this.rows], applied: this.applied, floor: 0 };
    return powPaxos.recover(committeeContext(count, this.self), recovery);
  }

  get head(): string {
    return toHex(powPaxos.view(this.state).head.hash);
  }

  get finalHeight(): number {
    return powPaxos.finalHeight(this.state);
  }

  step(event: PowPaxosEvent): void {
    const events = [event];
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      for (const effect of powPaxos.step(this.state, next)) {
        this.effects.push(effect);
        if (effect.type === 'persist' || effect.type === 'note') this.log.push(...effect.records);
        if (effect.type === 'send') this.outbox.push({ to: effect.to, message: effect.message });
        if (effect.type === 'broadcast') this.outbox.push({ to: 'members', message: effect.message });
        if (effect.type === 'announce') this.outbox.push({ to: 'others', message: effect.message });
        if (effect.type !== 'switch') continue;
        this.applied = effect.apply.at(-1) ?? effect.ancestor;
        (this.untold ?? events).push({ type: 'applied', now: later, tip: this.applied });
      }
    }
  }

  hearOfLedger(): void {
    const events = this.untold ?? [];
    this.untold = null;
    for (const event of events) this.step(event);
  }

  hear(from: MemberIndex | null, message: Message): void {
    this.step({ type: 'message', now: later, from: `node-${from}`, member: from, message });
  }

  headers(blocks: readonly Grown[]): void {
    this.step({ type: 'headers', now: later, from: 'miner', headers: blocks.map(({ sealed }) => sealed) });
  }

  /** Headers and then their bodies. */
  take(blocks: readonly Grown[]): void {
    this.headers(blocks);
    for (const { sealed } of blocks) {
      const record = powPaxos.treeRecord(this.state, sealed.hash);
      if (record === null) continue;
      this.rows.push({ sealed, record, isInvalid: false });
      this.step({ type: 'body', now: later, hash: sealed.hash });
    }
  }

  /** The evidence that it told, in order. */
  get evidence(): readonly string[] {
    return this.effects.flatMap(effect => (effect.type === 'evidence' ? [effect.evidence.kind] : []));
  }
}

/** Brings what was said to those who are up, until nobody says anything more. */
function deliver(participants: readonly Participant[]): void {
  for (let hasSpoken = true; hasSpoken; ) {
    hasSpoken = false;
    for (const sender of participants) {
      for (const { to, message } of sender.outbox.splice(0)) {
        hasSpoken = true;
        const receivers = participants.filter(other => other !== sender && isFor(other, to));
        for (const receiver of receivers) receiver.hear(sender.self, message);
      }
    }
  }
}

function isFor({ self }: Participant, to: MemberIndex | 'members' | 'others'): boolean {
  if (to === 'members') return self !== null;
  return to === 'others' ? self === null : self === to;
}

function keyOf(grown: Grown | undefined): string {
  return grown?.sealed.hashHex ?? 'none';
}

function committee(): readonly [Participant, Participant, Participant, Participant] {
  return [new Participant(0), new Participant(1), new Participant(2), new Participant(null)];
}

function lead(participant: Participant): void {
  participant.step({ type: 'lead', now: later });
}

it('F-1: the leader proposes a block of the measure once it lies deep enough, and members and observers call it final', () => {
  const all = committee();
  lead(all[0]);
  deliver(all);
  for (const one of all) one.take(trunk.slice(0, spacing + depth - 1));
  deliver(all);
  expect(all.map(({ finalHeight }) => finalHeight)).toEqual([0, 0, 0, 0]);
  for (const one of all) one.take(trunk.slice(spacing + depth - 1, spacing + depth));
  deliver(all);
  expect(all.map(({ finalHeight }) => finalHeight)).toEqual([spacing, spacing, spacing, spacing]);
  expect(all[3].state.certificate?.signatures.length).toBe(2);
});

it('F-2: a member that lacks the block asks for it, answers when it came, and need not stand on it', () => {
  const all = committee();
  const [leader, behind, away] = all;
  lead(leader);
  deliver(all);
  leader.take(trunk.slice(0, spacing + depth));
  behind.take(rival.slice(0, spacing + depth));
  // The third member hears nothing, so the second one's vote decides.
  deliver([leader, behind]);
  expect([leader, behind, away].map(({ finalHeight }) => finalHeight)).toEqual([0, 0, 0]);
  const wanted = behind.effects.findLast(({ type }) => type === 'fetchBodies');
  expect(wanted?.type === 'fetchBodies' && wanted.hashes.map(toHex)).toContain(keyOf(trunk[spacing - 1]));
  for (const { sealed } of trunk.slice(0, spacing)) behind.step({ type: 'body', now: later, hash: sealed.hash });
  deliver([leader, behind]);
  expect([leader.finalHeight, behind.finalHeight]).toEqual([spacing, spacing]);
});

it('F-3, F-I2: who stands on a heavier branch leaves it for the final block, and says so', () => {
  const node = new Participant(null);
  node.take(trunk);
  node.take(rival);
  expect(node.head).toBe(keyOf(rival.at(-1)));
  if (first) node.hear(null, { type: 'certificate', certificate: first });
  expect(node.head).toBe(keyOf(trunk.at(-1)));
  expect(node.finalHeight).toBe(spacing);
  expect(node.evidence).toEqual(['heavier-branch']);
});

it('F-I5: what is final is on the disk before the ledger moves for it, and is kept over a restart', () => {
  const node = new Participant(null);
  node.take(trunk);
  node.take(rival);
  const before = node.effects.length;
  if (first) node.hear(null, { type: 'certificate', certificate: first });
  const order = node.effects.slice(before).map(({ type }) => type);
  expect(order.indexOf('persist')).toBeGreaterThanOrEqual(0);
  expect(order.indexOf('persist')).toBeLessThan(order.indexOf('switch'));
  node.restart();
  node.take(rival);
  expect([node.head, node.finalHeight]).toEqual([keyOf(trunk.at(-1)), spacing]);
});

it.each([
  ['header', spacing, spacing],
  ['body', 2 * spacing, spacing + 1],
])('F-3, F-7: a block stays final while the %s of a later one is on its way', (_, headers, final) => {
  const node = new Participant(null);
  node.take(trunk.slice(0, spacing + 1));
  node.take(rival);
  node.headers(trunk.slice(0, headers));
  node.untold = [];
  if (first) node.hear(null, { type: 'certificate', certificate: first });
  // Before the ledger has left the heavier branch.
  if (second) node.hear(null, { type: 'certificate', certificate: second });
  node.hearOfLedger();
  expect([node.head, node.finalHeight]).toEqual([keyOf(trunk[spacing]), final]);
  node.take(trunk.slice(spacing + 1));
  expect([node.head, node.finalHeight]).toEqual([keyOf(trunk.at(-1)), 2 * spacing]);
});

it('F-3: what a switch on its way undoes is called final when the ledger is back', () => {
  const node = new Participant(null);
  node.take(trunk.slice(0, spacing + 1));
  node.untold = [];
  node.take(rival);
  if (first) node.hear(null, { type: 'certificate', certificate: first });
  expect(node.finalHeight).toBe(0);
  node.hearOfLedger();
  expect([node.head, node.finalHeight]).toEqual([keyOf(trunk[spacing]), spacing]);
});

it.each(['all that it wrote', 'what stands for it'] as const)(
  'F-7: what was final is so from the start of the next run on, by %s, though the header of a later final block is not here',
  kept => {
    const node = new Participant(null);
    node.take(trunk.slice(0, spacing + 1));
    if (first) node.hear(null, { type: 'certificate', certificate: first });
    if (second) node.hear(null, { type: 'certificate', certificate: second });
    if (kept === 'what stands for it') node.log.splice(0, node.log.length, ...(powPaxos.condense?.(node.state) ?? []));
    node.restart();
    expect(node.finalHeight).toBe(spacing);
    node.take(rival);
    expect([node.head, node.finalHeight]).toEqual([keyOf(trunk[spacing]), spacing]);
  },
);

it('a run that begins on another branch calls final what both branches have', () => {
  const node = new Participant(null);
  const [root, ...rest] = chain.chain(trunk[0] ?? chain.genesis, spacing + 1, { salt: 2 });
  if (root === undefined || first === undefined) throw new Error('there are');
  node.take([...trunk.slice(0, spacing), root, ...rest]);
  // It died when the certificate was on its disk, and the ledger had not moved.
  node.log.push({ type: 'certificate', certificate: first });
  node.untold = [];
  node.restart();
  expect([node.head, node.finalHeight]).toEqual([keyOf(rest.at(-1)), 1]);
  node.hearOfLedger();
  expect([node.head, node.finalHeight]).toEqual([keyOf(trunk[spacing - 1]), spacing]);
});

it('F-5: a node that heard a certificate first neither keeps nor executes a heavier chain that misses it', () => {
  const node = new Participant(null);
  if (second) node.hear(null, { type: 'certificate', certificate: second });
  node.take(rival);
  expect(node.head).toBe(chain.context.genesisHeader.hashHex);
  expect(powPaxos.header(node.state, rival.at(-1)?.sealed.hash ?? new Uint8Array())).toBeNull();
  expect(node.evidence).toEqual(['heavier-branch']);
  expect(node.effects.some(({ type }) => type === 'penalize')).toBe(false);
  node.take(trunk);
  expect([node.head, node.finalHeight]).toEqual([keyOf(trunk.at(-1)), 2 * spacing]);
});

it('F-5: while the header of a final block is on its way, the headers before it are kept and the chain is executed up to the one before', () => {
  const node = new Participant(null);
  const fetched = trunk.slice(0, 2 * spacing + 2);
  if (second) node.hear(null, { type: 'certificate', certificate: second });
  node.headers(fetched);
  if (third) node.hear(null, { type: 'certificate', certificate: third });
  expect(powPaxos.view(node.state).bestHeader.height).toBe(fetched.length);
  for (const { sealed } of fetched) node.step({ type: 'body', now: later, hash: sealed.hash });
  expect([node.head, node.finalHeight]).toEqual([keyOf(trunk[2 * spacing - 1]), 2 * spacing]);
});

it('F-4: too few signatures cost the peer, and a second chain with a certificate is evidence and changes nothing', () => {
  const node = new Participant(null);
  node.take(trunk);
  const certificate = first && { ...first, signatures: first.signatures.slice(0, 1) };
  if (certificate) node.hear(null, { type: 'certificate', certificate });
  expect(node.effects.at(-1)).toMatchObject({ type: 'penalize', code: 'BAD_MESSAGE' });
  expect(node.finalHeight).toBe(0);
  if (second) node.hear(null, { type: 'certificate', certificate: second });
  const [other] = certificatesOf(rival);
  node.take(rival);
  if (other === undefined) throw new Error('there is one');
  const certificateOfRival = { ...other, checkpoint: { ...other.checkpoint, number: 2 } };
  for (let times = 0; times < 3; times++) node.hear(null, { type: 'certificate', certificate: certificateOfRival });
  // Said once: whoever repeats it costs no check of signatures and no entry in the log.
  expect(node.evidence.filter(kind => kind === 'two-certificates')).toHaveLength(1);
  expect([node.head, node.finalHeight]).toEqual([keyOf(trunk.at(-1)), 2 * spacing]);
});

it('P2: a vote of who is no member, or a certificate with one, costs the peer, and makes nothing final', () => {
  const member = new Participant(1);
  if (first === undefined) throw new Error('there is one');
  member.take(trunk);
  const { checkpoint, ballot, signatures } = first;
  const [{ signature } = { signature: new Uint8Array(64) }] = signatures;
  const stranger = { ...first, signatures: [...signatures.slice(0, 1), { member: count, signature }] };
  for (const message of [
    { type: 'vote', vote: { checkpoint, ballot, signature } },
    { type: 'certificate', certificate: stranger },
  ] as const) {
    member.hear(null, message);
    expect(member.effects.at(-1)).toMatchObject({ type: 'penalize', peer: 'node-null', code: 'BAD_MESSAGE' });
  }
  expect([member.finalHeight, member.state.votes.size]).toEqual([0, 0]);
});

it('F-4: only signatures that are news are worth a check', () => {
  const node = new Participant(null);
  if (first === undefined || second === undefined) throw new Error('there are two');
  const checks = (certificate: Certificate) =>
    powPaxos.signatureChecks?.(node.state, null, { type: 'certificate', certificate })?.length;
  expect([checks(first), checks(second)]).toEqual([2, 2]);
  node.take(trunk);
  node.hear(null, { type: 'certificate', certificate: second });
  expect([checks(first), checks(second)]).toEqual([0, 0]);
});

it('P2: headers of a member are taken when they were asked for, with the signature of each producer checked', () => {
  const member = new Participant(1);
  if (first === undefined) throw new Error('there is one');
  const headers = trunk.slice(0, spacing).map(({ sealed }) => sealed);
  const checks = () => powPaxos.signatureChecks?.(member.state, 0, { type: 'branch', headers });
  expect(checks()).toBeNull();
  const decided = { height: 0, hash: first.checkpoint.previous };
  const ballot = { number: 1, member: 0 };
  const proposed = [sealCheckpoint(first.checkpoint)];
  member.hear(0, { type: 'paxos', paxos: { type: 'accept', ballot, decided, headers: proposed } });
  expect(member.outbox.map(({ message }) => message.type)).toContain('wantBranch');
  expect(checks()).toEqual(headers.map(sealed => producerCheck(member.state.chainId, sealed)));
  expect(powPaxos.signatureChecks?.(member.state, 0, { type: 'branch', headers: headers.slice(0, -1) })).toBeNull();
  member.hear(0, { type: 'branch', headers });
  expect(checks()).toBeNull();
});

/** The longest log that a message may have, of checkpoints on blocks that there are not. */
function madeUp(from: Checkpoint, salt: number): readonly SealedHeader[] {
  const headers: SealedHeader[] = [];
  let previous = from;
  while (headers.length < tentativeMax) {
    const number = previous.number + 1;
    const hash = new Uint8Array(32).fill(salt % 256);
    const checkpoint = { number, block: { height: spacing * number + salt, hash }, previous: idOf(previous) };
    headers.push(sealCheckpoint(checkpoint));
    previous = checkpoint;
  }
  return headers;
}

/** What is kept of more than its limit. */
function overfull({ state }: Participant): readonly string[] {
  return powPaxos.view(state).kept.flatMap(({ what, count, max }) => (count > max ? [`${count} ${what}`] : []));
}

describe('C18: a member that lies makes no other keep more than its limits', () => {
  const messages = 400;
  const start = firstCheckpoint(chain.context.genesisHeader);

  it('with proposals that replace each other', () => {
    const member = new Participant(1);
    const decided = { height: 0, hash: idOf(start) };
    for (let number = 1; number <= messages; number++) {
      const headers = madeUp(start, number);
      member.hear(0, { type: 'paxos', paxos: { type: 'accept', ballot: { number, member: 0 }, decided, headers } });
      member.outbox.length = 0;
    }
    expect(overfull(member)).toEqual([]);
    expect(member.state.judging).toHaveLength(judgedMax);
  });

  it('with proposals that it calls decided', () => {
    const member = new Participant(1);
    const ballot = { number: 1, member: 0 };
    let last = start;
    for (let number = 1; number <= messages; number++) {
      const decided = { height: last.number, hash: idOf(last) };
      const headers = madeUp(last, 0);
      member.hear(0, { type: 'paxos', paxos: { type: 'accept', ballot, decided, headers } });
      member.outbox.length = 0;
      last = checkpointOf(headers.at(-1) ?? chain.context.genesisHeader) ?? last;
    }
    expect(overfull(member)).toEqual([]);
    expect(member.state.paxos?.waiting?.message.headers.length).toBeLessThanOrEqual(tentativeMax);
  });
});

it('P5: who goes on telling a certificate that is known pays from some number on, others do not, and it ends with the time', () => {
  const node = new Participant(null);
  if (first === undefined || second === undefined) throw new Error('there are two');
  node.take(trunk);
  node.hear(null, { type: 'certificate', certificate: second });
  const charged = (): number => node.effects.filter(({ type }) => type === 'penalize').length;
  const tell = (from: string, now: number): void =>
    node.step({ type: 'message', now, from, member: null, message: { type: 'certificate', certificate: first } });
  for (let times = 0; times < 200; times++) tell('replayer', later);
  expect(charged()).toBe(0);
  tell('neighbour', later);
  tell('replayer', later + 9_999);
  expect(charged()).toBe(1);
  expect(node.effects.at(-1)).toMatchObject({ type: 'penalize', peer: 'replayer', code: 'RATE_EXCEEDED' });
  tell('replayer', later + 10_000);
  expect(charged()).toBe(1);
  // A clock that is set back begins anew, or honest repeats would add up until it has caught up.
  for (let times = 0; times < 200; times++) tell('replayer', later);
  expect(charged()).toBe(1);
});

it('F-7: without a majority work goes on and nothing new is final; when it is back, finality catches up', () => {
  const all = committee();
  const [leader] = all;
  lead(leader);
  deliver(all);
  leader.take(trunk);
  deliver([leader]);
  expect([leader.head, leader.finalHeight]).toEqual([keyOf(trunk.at(-1)), 0]);
  for (const one of all.slice(1)) one.take(trunk);
  lead(all[1]);
  deliver(all);
  expect(all.map(({ finalHeight }) => finalHeight)).toEqual([3 * spacing, 3 * spacing, 3 * spacing, 3 * spacing]);
});

/** 0 hears that 1 accepted, which makes a checkpoint of `trunk` final for 0; 1 hears no more than the proposal. */
function decideUnheard(leader: Participant, voter: Participant): void {
  leader.step({ type: 'lead', now: later });
  deliver([leader, voter]);
  voter.take(trunk.slice(0, spacing + depth));
  leader.take(trunk.slice(0, spacing + depth));
  for (const { message } of leader.outbox.splice(0)) {
    if (message.type === 'paxos' && message.paxos.type === 'accept') voter.hear(0, message);
  }
  for (const { message } of voter.outbox.splice(0)) leader.hear(1, message);
  leader.outbox.length = 0;
}

it('B-P4, W2: a vote for a checkpoint outlives a restart, so no other one is made final in its place', () => {
  const [a, b, c] = committee();
  decideUnheard(a, b);
  expect(a.finalHeight).toBe(spacing);
  b.restart();
  c.take(rival);
  b.take(rival);
  c.step({ type: 'lead', now: later });
  deliver([b, c]);
  c.take(trunk.slice(0, spacing + depth));
  deliver([b, c]);
  for (const member of [b, c]) {
    expect(toHex(member.state.final.block.hash)).toBe(keyOf(trunk[spacing - 1]));
    expect(member.evidence).not.toContain('two-certificates');
  }
});

it('B-P4, W2: who begins its Paxos anew at a certificate still tells what it accepted above it', () => {
  const [, b] = committee();
  b.take(trunk);
  const [, above] = checkpointsOn(
    chain.context,
    trunk.filter((_, index) => (index + 1) % spacing === 0),
  );
  if (first === undefined || above === undefined) throw new Error('the trunk has no checkpoints');
  const decided = { height: 1, hash: idOf(first.checkpoint) };
  const ballot = { number: 2, member: 0 };
  b.hear(0, { type: 'paxos', paxos: { type: 'accept', ballot, decided, headers: [sealCheckpoint(above)] } });
  b.hear(0, { type: 'certificate', certificate: first });
  b.step({ type: 'timer', now: later + 1_000_000, id: 'retry' });
  b.outbox.length = 0;
  b.hear(2, { type: 'paxos', paxos: { type: 'prepare', ballot: { number: 3, member: 2 }, decided } });
  const promises = b.outbox.flatMap(({ message }) =>
    message.type === 'paxos' && message.paxos.type === 'promise' ? [message.paxos] : [],
  );
  expect(promises.map(({ tentative }) => tentative.map(({ sealed }) => sealed.header.height))).toEqual([[2]]);
});

it('a member that missed checkpoints goes on from a certificate and votes again', () => {
  const all = committee();
  const [leader, second, third] = all;
  lead(leader);
  deliver(all);
  for (const one of all) one.take(trunk.slice(0, spacing + depth));
  deliver([leader, second]);
  for (const one of all) one.take(trunk.slice(spacing + depth, 2 * spacing + depth));
  deliver([leader, second]);
  expect(third.finalHeight).toBe(0);
  // Now the second is away, and no decision is made without the third.
  for (const one of all) one.take(trunk.slice(2 * spacing + depth));
  deliver([leader, third]);
  leader.step({ type: 'timer', now: later + 1e6, id: 'heartbeat' });
  deliver([leader, third]);
  expect([leader.finalHeight, third.finalHeight]).toEqual([3 * spacing, 3 * spacing]);
});
