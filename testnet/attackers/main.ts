/**
 * One attacker as a process beside daemons, until it is told to stop: `main.js KIND --data-dir DIR --bootstrap ADDRESS --hash-rate N`.
 * Says who it is in one line on stdout, and what it does on stderr, a JSON line each.
 */
import '../../daemon/polyfill.ts';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { KvchainError } from '../../chain/errors.ts';
import { readGenesis, readNodeKeys } from '../../daemon/data-folder.ts';
import { type AttackerPlace, openAttacker } from './attacker-node.ts';
import { identityLine } from './identity-line.ts';
import { attackerKinds } from './kinds.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'data-dir': { type: 'string', default: '.' },
    address: { type: 'string', default: '127.0.0.1' },
    bootstrap: { type: 'string', multiple: true, default: [] },
    'hash-rate': { type: 'string', default: '1000' },
  },
});
const kind = attackerKinds.find(name => name === positionals[0]);
if (kind === undefined) throw new KvchainError('USAGE', `no attacker ${positionals[0]}: ${attackerKinds.join(', ')}`);

const place: AttackerPlace = {
  genesis: await readGenesis(values['data-dir']),
  keys: await readNodeKeys(values['data-dir']),
  address: values.address,
  bootstrap: values.bootstrap,
  hashRate: Number(values['hash-rate']),
  onFault: error => tell('fault', { error: String(error) }),
};
const attacker = await openAttacker(kind, place, what => tell('attacks', { what }));
process.stdout.write(identityLine(attacker));
await once(process, 'SIGTERM');
await attacker.close();
process.exit(0);

function tell(msg: string, data: object): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...data, msg })}\n`);
}
