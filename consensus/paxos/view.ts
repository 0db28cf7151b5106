/** What others see of the engine's state: a view for people, a digest for machines. */
import type { SealedHeader } from '../../chain/block.ts';
import { concat, toHex, toUtf8 } from '../../chain/bytes.ts';
import { encode } from '../../chain/codec.ts';
import { taggedHash } from '../../chain/hash.ts';
import type { EngineView, MemberIndex, Tip } from '../engine.ts';
import { pointOf, tipOf } from './block-log.ts';
import { headersMax, straysMax } from './blocks.ts';
import { messageCodec, tentativeMax } from './messages.ts';
import { type PaxosState, readsMax } from './state.ts';

/** The head, the highest decided header, and the tip of the tentative log. */
export function viewOf(state: PaxosState): EngineView {
  const { blocks, log, applied } = state;
  const head = summary(applied);
  const decided = summary(pointOf(blocks.tip));
  const tips: Tip[] = [{ ...head, status: 'active' }];
  if (decided.height > head.height) tips.push({ ...decided, status: statusOf(state, blocks.tip) });
  const tentative = log.tentative.at(-1)?.sealed;
  if (tentative !== undefined) tips.push({ ...summary(tipOf(log)), status: statusOf(state, tentative) });
  return {
    bestHeader: decided,
    head,
    finalHeight: applied.height,
    role: state.self === null ? 'observer' : state.role,
    ballot: state.promised,
    tips,
    kept: [
      { what: 'headers', count: blocks.size, max: headersMax },
      { what: 'strays', count: blocks.strays, max: straysMax },
      { what: 'reads', count: state.reads.length, max: readsMax },
      { what: 'tentative blocks', count: log.tentative.length, max: tentativeMax },
    ],
  };
}

/** The member whose ballot is promised, as long as it is not this one that still stands for election. */
export function leaderOf({ promised, role, self, failures }: PaxosState): MemberIndex | null {
  if (role === 'leader') return self;
  return role === 'follower' && failures === 0 && promised.number > 0 ? promised.member : null;
}

/** Complete blocks that lost: no higher than the decided point and not on the chain. */
export function staleBlocks({ blocks }: PaxosState): number {
  let count = 0;
  for (const { sealed, hasBody } of blocks.entries()) {
    if (hasBody && sealed.header.height <= blocks.tip.header.height && !blocks.isOnChain(sealed)) count += 1;
  }
  return count;
}

/** SHA-256 over everything that later steps depend on. */
export function digestOf(state: PaxosState): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { sealed, hasBody } of state.blocks.entries()) parts.push(sealed.hash, Uint8Array.of(Number(hasBody)));
  if (state.waiting !== null) parts.push(encode(messageCodec, state.waiting.message));
  return taggedHash('kvchain/paxos/state/v1', concat(...parts), toUtf8(JSON.stringify(choicesOf(state))));
}

/** Everything but the blocks, as plain values in a fixed order. */
function choicesOf(state: PaxosState): readonly unknown[] {
  return [
    state.blocks.tip.hashHex,
    pointText(state.log.decided),
    state.log.tentative.map(({ sealed, ballot }) => [sealed.hashHex, ballot]),
    [state.promised, state.highestNumber, state.role, state.failures],
    [...state.promises].map(([member, entries]) => [
      member,
      entries.map(entry => [entry.sealed.hashHex, entry.ballot]),
    ]),
    [[...state.acked], [...state.heardAt], [...state.peers], [...state.heard]],
    [state.waiting?.from ?? null, state.waiting?.member ?? null],
    [pointText(state.applied), state.switchingTo, state.source, state.askedAt],
    [state.round, [...state.confirmed], state.inherited, state.reads, state.toldHeight],
    [...state.wanted],
    [state.miningOn, state.making, state.isHalted],
    [...state.timers],
    state.random.state.toString(),
  ];
}

function summary({ height, hash }: { readonly height: number; readonly hash: Uint8Array }): Omit<Tip, 'status'> {
  return { hash, height, work: BigInt(height) };
}

function statusOf({ blocks }: PaxosState, { hashHex }: SealedHeader): Tip['status'] {
  return blocks.get(hashHex)?.hasBody === true ? 'valid-fork' : 'headers-only';
}

function pointText({ height, hash }: { readonly height: number; readonly hash: Uint8Array }): string {
  return `${height} ${toHex(hash)}`;
}
