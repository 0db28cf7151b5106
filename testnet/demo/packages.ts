/**
 * The real run: a real package index goes through a real network. Three daemons start from one address and mine; the index is imported
 * through the first, one daemon is killed with -9 in the middle and catches up, every key is read back from all three and compared with
 * the file, a fourth joins late, syncs and mines a block that all accept; at the end all four stand at the same head and state root.
 *
 *     npm run demo:packages -- FILE [--json] [--rows N]
 */
import '../../daemon/polyfill.ts';
import { parseArgs } from 'node:util';
import { errorRow, KvchainError } from '../../chain/errors.ts';
import type { Genesis } from '../../chain/genesis.ts';
import { addressOf, publicKeyOf } from '../../chain/keys.ts';
import { defaultParams } from '../../chain/params.ts';
import { bitsForLeadingZeros } from '../../chain/target.ts';
import { newSecret } from '../../daemon/keystore/keystore.ts';
import { Cluster } from '../cluster.ts';
import type { DaemonProcess } from '../daemon-process.ts';
import { until } from '../until.ts';
import { importRows } from './import-rows.ts';
import { type PackageRow, readPackages } from './package-index.ts';
import { readBack } from './read-back.ts';
import { isGood, printReport, type Report } from './report.ts';

const confirmations = 6;
const stepMs = 300_000;
/** Each daemon's share: the machine has few cores, and they also execute, verify and answer. */
const hashesPerSecond = 12_500;
/** Three daemons find a block in about a second, until the target interval is met. */
const zeroBits = 15;
const targetMs = 2_000;
/** A file with fewer packages than this shows too little of what a network carries; `--small` takes it all the same. */
const rowsMin = 10_000;

await main().catch(error => {
  const code = error instanceof KvchainError ? error.code : 'INTERNAL';
  process.stderr.write(`demo:packages: ${code}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(errorRow(code).exit);
});

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      rows: { type: 'string' },
      small: { type: 'boolean', default: false },
    },
  });
  const [file] = positionals;
  if (file === undefined) {
    throw new KvchainError(
      'USAGE',
      'give a package index: apt-cache dumpavail > packages.txt; npm run demo:packages -- packages.txt',
    );
  }
  const all = await readPackages(file);
  const rows = all.slice(0, values.rows === undefined ? all.length : Number(values.rows));
  if (rows.length < rowsMin && !values.small) {
    throw new KvchainError('USAGE', `${file} has ${rows.length} packages, at least ${rowsMin} (--small takes fewer)`);
  }
  const report = await run(rows, line => process.stderr.write(`${line}\n`));
  printReport(report, values.json ? 'json' : 'text');
  process.exit(isGood(report) ? 0 : 1);
}

async function run(rows: readonly PackageRow[], tell: (line: string) => void): Promise<Report> {
  const secretKey = newSecret();
  const cluster = await Cluster.create(genesisFor(secretKey));
  try {
    return await runOn(cluster, { rows, secretKey, tell });
  } finally {
    await cluster.close();
  }
}

interface Plan {
  readonly rows: readonly PackageRow[];
  readonly secretKey: Uint8Array;
  readonly tell: (line: string) => void;
}

async function runOn(cluster: Cluster, { rows, secretKey, tell }: Plan): Promise<Report> {
  const mining = ['--mine', '--mine-rate', String(hashesPerSecond)];
  const first = await cluster.start('first', mining);
  const joining = [...mining, '--bootstrap', await first.address()];
  const second = await cluster.start('second', joining);
  let third = await cluster.start('third', joining);
  tell(`three daemons are up; importing ${rows.length} packages through the first`);

  const imported = await importRows(first.client, {
    rows,
    secretKey,
    halfway: async () => {
      await third.kill();
      tell('killed the third with -9 in the middle of the import');
      third = await cluster.start('third', joining);
      tell('the third is up again');
    },
    tell,
  });
  const three = [first, second, third];
  const height = imported.lastHeight + confirmations - 1;
  await Promise.all(three.map(daemon => heightOf(daemon, height)));
  tell(`all three have ${confirmations} confirmations of the last package; reading every key back from each`);
  const read = await readBack(
    three.map(daemon => daemon.client),
    rows,
  );

  const known = await producersOf(first);
  const fourth = await cluster.start('fourth', joining);
  const four = [...three, fourth];
  tell('a fourth daemon joins, syncs and mines');
  const lateMinedAccepted = await acceptsNewProducer(four, known);
  // One goes on: of branches of equal work each daemon would keep its own for ever.
  await Promise.all([second, third, fourth].map(daemon => daemon.client.call('miner_stop', {})));
  const heads = await equalHeads(four);
  return {
    rows: rows.length,
    matched: read.matched,
    heads: heads.map(({ headHash }) => headHash),
    stateRoots: heads.map(({ stateRoot }) => stateRoot),
    killedCaughtUp: heads[2]?.headHash === heads[0]?.headHash && read.matchedByDaemon[2] === rows.length,
    lateMinedAccepted,
    rates: { ...imported.rates, getsPerSecond: read.getsPerSecond },
    latencies: { ...imported.latencies, ...read.latencies },
    bytes: {
      values: rows.reduce((sum, { name, value }) => sum + name.length + value.length, 0),
      disk: await Promise.all(['first', 'second', 'third', 'fourth'].map(name => cluster.bytesOf(name))),
    },
    blocks: heads[0]?.height ?? 0,
  };
}

function genesisFor(secretKey: Uint8Array): Genesis {
  const params = { ...defaultParams('pow', { targetMs, testNetwork: 1 }), bits: bitsForLeadingZeros(zeroBits) };
  return {
    version: 1,
    name: 'packages',
    engine: 'pow',
    time: Date.now(),
    schedule: [{ height: 0, params }],
    members: [],
    minters: [],
    allocations: [{ address: addressOf(publicKeyOf(secretKey)), balance: 1_000_000_000n }],
  };
}

/** Waits until the daemon's head is at least this high. */
async function heightOf(daemon: DaemonProcess, height: number): Promise<void> {
  await until(`height ${height}`, stepMs, async () => (await daemon.client.call('chain_status', {})).height >= height);
}

/** Public keys that made blocks so far. */
async function producersOf(daemon: DaemonProcess): Promise<ReadonlySet<string>> {
  const producers = new Set<string>();
  for (let from = 1; ; ) {
    const { headers } = await daemon.client.call('chain_getHeaders', { from });
    for (const { producer } of headers) producers.add(producer);
    if (headers.length === 0) return producers;
    from += headers.length;
  }
}

/** True once every daemon has, at the same height, the same block of a producer that made none before. */
async function acceptsNewProducer(daemons: readonly DaemonProcess[], known: ReadonlySet<string>): Promise<boolean> {
  return until('a block of the fourth on all four', stepMs, async () => {
    const heads = await Promise.all(daemons.map(daemon => daemon.client.call('chain_status', {})));
    const top = Math.min(...heads.map(({ height }) => height));
    if (top === 0) return false;
    const from = Math.max(1, top - 50);
    const chains = await Promise.all(
      daemons.map(daemon => daemon.client.call('chain_getHeaders', { from, limit: top - from + 1 })),
    );
    const [ours] = chains;
    const found = ours?.headers.find(({ producer }) => !known.has(producer));
    return found !== undefined && chains.every(({ headers }) => headers.some(({ hash }) => hash === found.hash));
  });
}

/** The daemons' status once all stand at one head. */
async function equalHeads(daemons: readonly DaemonProcess[]) {
  return until('equal heads', stepMs, async () => {
    const heads = await Promise.all(daemons.map(daemon => daemon.client.call('chain_status', {})));
    return new Set(heads.map(({ headHash }) => headHash)).size === 1 && heads;
  });
}
