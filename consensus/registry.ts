/** The only file that knows all engines: one row an engine. Deleting an engine means deleting its folder and its row (`npm run test:delete`). */
import { accept, type Result, reject } from '../chain/errors.ts';
import { type AnyEngine, eraseTypes } from './instance.ts';
import { paxos } from './paxos/paxos.ts';
import { pow } from './pow/pow.ts';
import { powPaxos } from './pow-paxos/pow-paxos.ts';

const engines: readonly AnyEngine[] = [eraseTypes(pow), eraseTypes(powPaxos), eraseTypes(paxos)];

export const engineNames: readonly string[] = engines.map(({ name }) => name);

/** The engine of this name (the `engine` of a genesis). Code BAD_GENESIS for one that this program does not have. */
export function createEngine(name: string): Result<AnyEngine> {
  const engine = engines.find(candidate => candidate.name === name);
  if (engine !== undefined) return accept(engine);
  const known = engineNames.join(', ');
  return reject('BAD_GENESIS', `engine ${JSON.stringify(name)} is not in this program; there are: ${known}`);
}
