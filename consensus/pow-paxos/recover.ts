/** Recovery: proof of work from the stored blocks, Paxos from its records, and what is final from the highest record of it. */
import { KvchainError } from '../../chain/errors.ts';
import { decodeFinality, type FinalityParams } from '../../chain/finality-params.ts';
import { chainIdOf, type Genesis, paramsAt } from '../../chain/genesis.ts';
import type { EngineContext, Recovery } from '../engine.ts';
import type { LogRecord as PaxosRecord } from '../paxos/records.ts';
import type { PaxosState } from '../paxos/state.ts';
import { finalEntry, isOnFinal } from '../pow/final-block.ts';
import { restrict } from '../pow/fork-choice.ts';
import { pow } from '../pow/pow.ts';
import type { Certificate } from './certificate.ts';
import { type Checkpoint, firstCheckpoint, sealCheckpoint } from './checkpoint.ts';
import type { LogRecord } from './records.ts';
import { committee, finalBlockOf, type PowPaxosState } from './state.ts';

/** Throws what proof of work and Paxos throw, and BAD_GENESIS for parameters that are none. */
export function recover(context: EngineContext, recovery: Recovery<LogRecord>): PowPaxosState {
  const { genesis, self, signer } = context;
  const first = firstCheckpoint(context.genesisHeader);
  const records: PaxosRecord[] = [];
  let final = first;
  let certificate: Certificate | null = null;
  for (const record of recovery.records) {
    if (record.type === 'paxos') records.push(record.paxos);
    else {
      const checkpoint = record.type === 'final' ? record.checkpoint : record.certificate.checkpoint;
      if (checkpoint.number > final.number) final = checkpoint;
      if (record.type === 'certificate') certificate = record.certificate;
    }
  }
  const state: PowPaxosState = {
    genesis,
    chainId: chainIdOf(genesis),
    params: paramsOf(genesis),
    self,
    signer,
    pow: pow.recover(context, { ...recovery, records: [] }),
    paxos: self === null ? null : openCommittee({ ...context, genesisHeader: sealCheckpoint(first) }, records, final),
    final,
    certificate,
    finalHeight: 0,
    votes: new Map(),
    proposingOn: null,
    judging: [],
    source: null,
    remindAt: null,
    isHalted: false,
  };
  // The first step orders what follows from it.
  if (final.number > 0) restrict(state.pow, finalBlockOf(final), []);
  state.finalHeight = settledHeight(state);
  return state;
}

/** Paxos with all that it promised and accepted, going on from the last final checkpoint. */
export function reopenCommittee(state: PowPaxosState, paxos: PaxosState): PaxosState {
  const { genesis, self, signer, final } = state;
  const context = { genesis, genesisHeader: sealCheckpoint(final), self, signer, seed: paxos.random.state };
  return openCommittee(context, committee.condense?.(paxos) ?? [], final);
}

function openCommittee(context: EngineContext, records: readonly PaxosRecord[], final: Checkpoint): PaxosState {
  const sealed = sealCheckpoint(final);
  const tree = [{ sealed, record: new Uint8Array(), isInvalid: false }];
  return committee.recover(context, { records, tree, applied: sealed.hash, floor: 0 });
}

/** What stands for all records: nothing grows with the chain. */
export function condense({ paxos, final, certificate }: PowPaxosState): readonly LogRecord[] {
  const promises = paxos === null ? [] : (committee.condense?.(paxos) ?? []);
  const records: LogRecord[] = promises.map(record => ({ type: 'paxos', paxos: record }));
  if (certificate !== null) records.push({ type: 'certificate', certificate });
  if (final.number > (certificate?.checkpoint.number ?? 0)) records.push({ type: 'final', checkpoint: final });
  return records;
}

/** How far the applied chain is final: up to the last final block, or the head on the way there. Stays where the head is on another branch. */
export function settledHeight({ pow, final, finalHeight }: PowPaxosState): number {
  if (isOnFinal(pow)) return final.block.height;
  const held = finalEntry(pow);
  return held !== null && pow.tree.isAncestor(pow.head, held) ? pow.head.height : finalHeight;
}

function paramsOf(genesis: Genesis): FinalityParams {
  const params = decodeFinality(paramsAt(genesis, 0).engineParams);
  if (!params.ok) throw new KvchainError(params.error.code, `engineParams: ${params.error.detail}`);
  return params.value;
}
