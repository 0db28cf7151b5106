/**
 * What the engines bring for the laboratory alone, one row each as in registry.ts: who judges a network of their members in the simulator,
 * and examples of their messages and records for the fuzzer.
 */
import type { SealedHeader } from '../chain/block.ts';
import type { EngineName } from '../chain/genesis.ts';
import type { Oracle, OracleContext } from './oracle.ts';
import { paxosOracle } from './paxos/oracle.ts';
import { paxosSpecimens } from './paxos/specimens.ts';
import { finalityOracle } from './pow-paxos/oracle.ts';
import { finalitySpecimens } from './pow-paxos/specimens.ts';
import type { SpecimenMaker, Specimens } from './specimen.ts';

const oracles: Partial<Record<EngineName, (context: OracleContext) => Oracle>> = {
  paxos: paxosOracle,
  'pow-paxos': finalityOracle,
};

const specimens: Partial<Record<EngineName, SpecimenMaker>> = {
  paxos: paxosSpecimens,
  'pow-paxos': finalitySpecimens,
};

/** What judges a network of this engine's members; null for an engine that brings nothing. */
export function createOracle(engine: EngineName, context: OracleContext): Oracle | null {
  return oracles[engine]?.(context) ?? null;
}

/** Of all engines; with these headers in them, at least one. */
export function createSpecimens(headers: readonly SealedHeader[]): readonly Specimens[] {
  return Object.values(specimens).flatMap(make => make(headers));
}
