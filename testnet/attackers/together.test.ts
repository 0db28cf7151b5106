/**
 * Three real daemons among attackers of many kinds at once, who together have no work: the daemons keep one head, include what is put,
 * stay within their memory, and ban who breaks what everybody can check, and nobody else.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSecret } from '../../daemon/keystore/keystore.ts';
import { metricOf } from '../bench/started-daemon.ts';
import { Cluster } from '../cluster.ts';
import type { DaemonProcess } from '../daemon-process.ts';
import { genesisOf } from '../real-network.suite.ts';
import { until } from '../until.ts';
import { type AttackerNode, openAttacker } from './attacker-node.ts';
import type { AttackerKind } from './kinds.ts';

const limitMs = 90_000;
/** Their own work beside the attacks, and what the attacks may hold within their limits. */
const grownBytesMax = 150_000_000;
const residentBytes = 'kvchain_process_resident_memory_bytes';
/** Each of these sends, sooner or later, what every node can see to be wrong by itself. */
const breakers: readonly AttackerKind[] = ['malformed', 'invalid-blocks', 'replayer'];
/** What these do an honest node may do too, on a bad day. */
const burdens: readonly AttackerKind[] = ['orphan-flooder', 'header-flooder', 'slow', 'silent', 'liar'];
const secretKey = newSecret();
const genesis = genesisOf({ name: 'together', zeroBits: 8, rich: secretKey });
const mining = ['--mine', '--mine-threads', '1', '--mine-rate', '250'];

const attackers = new Map<AttackerKind, AttackerNode>();
const faults: unknown[] = [];
let cluster: Cluster;
let daemons: readonly DaemonProcess[] = [];
let before: readonly number[] = [];

beforeAll(async () => {
  cluster = await Cluster.create(genesis);
  const first = await cluster.start('first', mining);
  const joining = ['--bootstrap', await first.address()];
  const others = await Promise.all([cluster.start('second', [...joining, ...mining]), cluster.start('third', joining)]);
  daemons = [first, ...others];
  before = await Promise.all(daemons.map(daemon => metricOf(daemon, residentBytes)));
  const bootstrap = await Promise.all(daemons.map(daemon => daemon.address()));
  for (const kind of [...breakers, ...burdens]) {
    const keys = { identity: randomBytes(32), producer: randomBytes(32) };
    const onFault = (error: unknown) => faults.push(error);
    const place = { genesis, keys, address: '127.0.0.1', bootstrap, hashRate: 0, onFault };
    attackers.set(kind, await openAttacker(kind, place, () => {}));
  }
}, limitMs);

afterAll(async () => {
  await Promise.all([...attackers.values()].map(attacker => attacker.close()));
  await cluster.close();
}, limitMs);

describe('three daemons among eight attackers', () => {
  it('include what is put, and all hold it', { timeout: limitMs }, async () => {
    const [first, , third] = daemons;
    expect((await first?.client.put('in spite', 'of all', { signer: { secretKey } }))?.status).toBe('included');
    await until(
      'the last one holds it',
      limitMs,
      async () => (await third?.client.get('in spite'))?.value === 'of all',
    );
  });

  it('ban who breaks what all can check', { timeout: limitMs }, async () => {
    const left = () => breakers.filter(kind => !isBannedSomewhere(attackers.get(kind)?.peerId));
    await until(`bans of ${breakers.join(', ')}`, limitMs, async () => left().length === 0);
  });

  it('ban no honest one, keep one head, and stay within their memory', { timeout: limitMs }, async () => {
    for (const { client } of daemons) expect(isBannedSomewhere((await client.call('net_info', {})).peerId)).toBe(false);
    for (const { client } of daemons.slice(0, 2)) await client.call('miner_stop', {});
    await until('one head', limitMs, async () => {
      const heads = await Promise.all(daemons.map(({ client }) => client.call('chain_head', {})));
      return new Set(heads.map(({ hash, stateRoot }) => `${hash} ${stateRoot}`)).size === 1;
    });
    const after = await Promise.all(daemons.map(daemon => metricOf(daemon, residentBytes)));
    for (const [index, bytes] of after.entries()) expect(bytes - (before[index] ?? 0)).toBeLessThan(grownBytesMax);
    for (const { log } of daemons) expect(log).not.toContain('a fault of its own');
    expect(faults).toEqual([]);
  });
});

function isBannedSomewhere(peer: string | undefined): boolean {
  const bans = daemons.flatMap(({ log }) => log.split('\n').filter(line => line.includes('peer banned')));
  return bans.some(line => line.includes(`"${peer}"`));
}
