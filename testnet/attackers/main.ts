/**
 * One attacker as a process beside daemons, until it is told to stop: `main.js KIND --data-dir DIR --bootstrap ADDRESS --hash-rate N`.
 * Says who it is in one line on stdout, and what it does on stderr, a JSON line each.
 */
import '../../daemon/polyfill.ts';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { KvchainError } from '../../chain/errors.ts';
import type { Genesis } from '../../chain/genesis.ts';
import { readGenesis, readNodeKeys } from '../../daemon/data-folder.ts';
import type { Attacker, AttackerPlace } from './attacker-node.ts';
import { makeDoubleSpend } from './double-spend.ts';
import { identityLine } from './identity-line.ts';
import { type AttackerKind, attackerKinds } from './kinds.ts';
import { PrivateFork } from './private-fork.ts';
import { openSilent } from './silent.ts';

/** Between two double spends, and what their victims wait for. */
const restMs = 10_000;
const confirmations = 3;
const giveUpBehind = 12;

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
const stopping = new AbortController();
const attacker = await begin(kind);
process.stdout.write(identityLine(attacker));
await once(process, 'SIGTERM');
stopping.abort();
await attacker.close();
process.exit(0);

async function begin(name: AttackerKind): Promise<Attacker> {
  if (name === 'silent') return openSilent(place);
  const fork = await PrivateFork.open(place);
  spendTwice(fork, place.genesis).catch(error => tell('the attacks ended', { error: String(error) }));
  return fork;
}

/** One double spend after the other; the victim is whoever believes a put of three confirmations. */
async function spendTwice(fork: PrivateFork, genesis: Genesis): Promise<void> {
  for (let number = 1; ; number++) {
    await pause(restMs, undefined, { signal: stopping.signal });
    const key = `attack/private-fork/${number}`;
    await fork.begin(makeDoubleSpend(genesis, key));
    tell('paid, and mines in secret', { key });
    const isDelivered = (publicBlocks: number) => publicBlocks >= confirmations;
    tell('the race has ended', { key, ...(await fork.race({ isDelivered, giveUpBehind, signal: stopping.signal })) });
  }
}

function tell(msg: string, data: object): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...data, msg })}\n`);
}
