/** The oracles of the engines, one row each as in registry.ts, apart from it because only the simulator has a use for them. */
import type { EngineName } from '../chain/genesis.ts';
import type { Oracle, OracleContext } from './oracle.ts';
import { paxosOracle } from './paxos/oracle.ts';
import { finalityOracle } from './pow-paxos/oracle.ts';

const oracles: Partial<Record<EngineName, (context: OracleContext) => Oracle>> = {
  paxos: paxosOracle,
  'pow-paxos': finalityOracle,
};

/** What judges a network of this engine's members; null for an engine that brings nothing. */
export function createOracle(engine: EngineName, context: OracleContext): Oracle | null {
  return oracles[engine]?.(context) ?? null;
}
