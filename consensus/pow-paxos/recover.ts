/** Recovery: proof of work from the stored blocks, Paxos from its records, and what is final from the highest record of it. */
import { KvchainError } from '../../chain/errors.ts';
import { decodeFinality, type FinalityParams } from '../../chain/finality-params.ts';
import { chainIdOf, type Genesis, paramsAt } from '../../chain/genesis.ts';
import { isEnforced } from '../../chain/rules.ts';
import type { EngineContext, Recovery } from '../engine.ts';
import type { LogRecord as PaxosRecord } from '../paxos/records.ts';
import type { PaxosState } from '../paxos/state.ts';
import { enforce, finalEntry } from '../pow/final-block.ts';
import { findBest } from '../pow/fork-choice.ts';
import { pow } from '../pow/pow.ts';
import type { Certificate } from './certificate.ts';
import { type Checkpoint, firstCheckpoint, sealCheckpoint } from './checkpoint.ts';
import { finalOf, type LogRecord } from './records.ts';
import { committee, finalBlockOf, type PowPaxosState } from './state.ts';

/** Throws what proof of work and Paxos throw, and BAD_GENESIS for parameters that are none. */
export function recover(context: EngineContext, recovery: Recovery<LogRecord>): PowPaxosState {
  const { genesis, self, signer } = context;
  const first = firstCheckpoint(context.genesisHeader);
  const records: PaxosRecord[] = [];
  const proofOfWork = pow.recover(context, { ...recovery, records: [] });
  let [held, final] = [first, first];
  let certificate: Certificate | null = null;
  for (const record of recovery.records) {
    if (record.type === 'paxos') {
      records.push(record.paxos);
      continue;
    }
    if (record.type === 'certificate') certificate = record.certificate;
    const checkpoint = finalOf(record);
    if (checkpoint.number <= final.number) continue;
    final = checkpoint;
    enforce(proofOfWork, finalBlockOf(final));
    if (proofOfWork.awaited === null) held = final;
  }
  // The first step orders what follows from it.
  findBest(proofOfWork);
  const paxos =
    self === null ? null : openCommittee({ ...context, genesisHeader: sealCheckpoint(first) }, records, final);
  if (paxos !== null && !isEnforced('W2 restart')) paxos.log.tentative = [];
  const state: PowPaxosState = {
    genesis,
    chainId: chainIdOf(genesis),
    params: paramsOf(genesis),
    self,
    signer,
    pow: proofOfWork,
    paxos,
    final,
    held,
    certificate,
    finalHeight: 0,
    votes: new Map(),
    proposingOn: null,
    judging: [],
    source: null,
    remindAt: null,
    isContradicted: false,
    repeats: { since: 0, byPeer: new Map() },
    isHalted: false,
  };
  state.finalHeight = settledHeight(state);
  return state;
}

/** Paxos with all that it promised and accepted, going on from the last final checkpoint. */
export function reopenCommittee(state: PowPaxosState, paxos: PaxosState): PaxosState {
  const { genesis, self, signer, final } = state;
  const context = { genesis, genesisHeader: sealCheckpoint(final), self, signer, seed: paxos.random.state };
  const anew = openCommittee(context, committee.condense?.(paxos) ?? [], final);
  if (!isEnforced('W2 anew')) anew.log.tentative = [];
  return anew;
}

function openCommittee(context: EngineContext, records: readonly PaxosRecord[], final: Checkpoint): PaxosState {
  const sealed = sealCheckpoint(final);
  const tree = [{ sealed, record: new Uint8Array(), isInvalid: false }];
  return committee.recover(context, { records, tree, applied: sealed.hash, floor: 0 });
}

/** What stands for all records: nothing grows with the chain. */
export function condense({ paxos, held, final, certificate }: PowPaxosState): readonly LogRecord[] {
  const promises = paxos === null ? [] : (committee.condense?.(paxos) ?? []);
  const records: LogRecord[] = promises.map(record => ({ type: 'paxos', paxos: record }));
  if (held !== final) records.push({ type: 'final', checkpoint: held });
  if (certificate !== null) records.push({ type: 'certificate', certificate });
  if (final.number > (certificate?.checkpoint.number ?? 0)) records.push({ type: 'final', checkpoint: final });
  return records;
}

/**
 * How far the applied chain is final: up to the last final block whose header is here, or to where the head left the way there. What a switch
 * that was ordered before undoes is not called final until the ledger is back.
 */
export function settledHeight({ pow }: PowPaxosState): number {
  const held = finalEntry(pow);
  if (held === null) return pow.final?.height ?? 0;
  const places = [pow.head, pow.switchingTo ?? pow.head];
  return Math.min(...places.map(place => pow.tree.commonAncestor(place, held).height));
}

function paramsOf(genesis: Genesis): FinalityParams {
  const params = decodeFinality(paramsAt(genesis, 0).engineParams);
  if (!params.ok) throw new KvchainError(params.error.code, `engineParams: ${params.error.detail}`);
  return params.value;
}
