/**
 * kvchaind: reads its settings, runs the daemon until a signal, an order or a fault ends it, and tells why in one line. The daemon, with
 * libp2p, is loaded when it is to run: help, a wrong flag and the tools of the database answer at once.
 */
import './polyfill.ts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorRow, KvchainError, unreachable } from '../chain/errors.ts';
import { type Config, readConfig } from './config.ts';
import type { Daemon, DaemonSettings } from './daemon.ts';
import { diskFailed } from './disk-failure.ts';
import { keyFileOf, keyFolderOf, openKeyFile } from './keystore/keystore.ts';
import { readPasswordFile } from './keystore/private-file.ts';
import type { Logger } from './logging.ts';
import type { TlsFiles } from './rpc/server-settings.ts';
import { Signals } from './signals.ts';
import { programVersion } from './version.ts';

// R10: what this process makes is for its user alone.
process.umask(0o077);
// Also what a promise was rejected with that nobody waits for: nothing that follows could be trusted.
process.on('uncaughtException', fail);
main(process.argv.slice(2)).catch(fail);

async function main(args: readonly string[]): Promise<void> {
  const invocation = readConfig(args);
  if (!invocation.ok) throw new KvchainError(invocation.error.code, invocation.error.detail);
  switch (invocation.value.kind) {
    case 'help':
      process.stdout.write(invocation.value.text);
      return;
    case 'version':
      process.stdout.write(`${programVersion}\n`);
      return;
    case 'init':
      await init(invocation.value.config);
      return;
    case 'run':
      await run(invocation.value.config);
      return;
    case 'tool':
      await (await import('./tool-run.ts')).runTool(invocation.value);
      return;
    default:
      unreachable(invocation.value);
  }
}

async function init({ dataDir, genesis }: Config): Promise<void> {
  if (genesis === null) throw new KvchainError('BAD_CONFIG', 'init needs --genesis FILE');
  const { writeGenesis } = await import('./data-folder.ts');
  await writeGenesis(dataDir, await readText(genesis));
}

async function run(config: Config): Promise<void> {
  const [{ openLog }, { Metrics }, { startDaemon }] = await Promise.all([
    import('./logging.ts'),
    import('./metrics.ts'),
    import('./daemon.ts'),
  ]);
  const log = openLog({ level: config.logLevel, format: config.logFormat });
  const signals = new Signals(log);
  const daemon = await startDaemon(await settingsOf(config), {
    log,
    metrics: new Metrics(),
    stopping: signals.stopping,
  });
  if (config.tlsCert !== null) signals.onReload(() => reloadCertificate(config, daemon, log));
  const reason = await daemon.stopped;
  if (reason !== null) throw reason;
  log.info({}, 'node has stopped');
  process.exit(0);
}

/** Certificates are renewed while the daemon runs: what is wrong with the new one is told, and the old one stays. */
function reloadCertificate(config: Config, daemon: Daemon, log: Logger): void {
  const reload = async () => {
    const tls = await readTls(config);
    if (tls === null) return;
    daemon.setCertificate(tls);
    log.info({ file: config.tlsCert }, 'the certificate was read again');
  };
  reload().catch((error: unknown) => log.error({ error }, 'the certificate was not read again; the old one stays'));
}

async function readTls({ tlsCert, tlsKey, tlsClientCa }: Config): Promise<TlsFiles | null> {
  if (!tlsCert || !tlsKey) return null;
  return {
    certificate: await readBytes(tlsCert),
    key: await readBytes(tlsKey),
    clientAuthority: tlsClientCa === null ? null : await readBytes(tlsClientCa),
  };
}

async function settingsOf(config: Config): Promise<DaemonSettings> {
  const { rpcHost, rpcPort, rpcTokens, rpcAllowedHosts, rpcRate } = config;
  const limits = { connectionsMax: config.rpcConnections };
  const tls = await readTls(config);
  const rate = { perSecond: rpcRate, burst: 2 * rpcRate };
  return {
    dataDir: config.dataDir,
    version: programVersion,
    rpc: { host: rpcHost, port: rpcPort, tokens: rpcTokens, allowedHosts: rpcAllowedHosts, tls, rate, limits },
    listen: [listenAddress(config.p2pHost, config.p2pPort)],
    bootstrap: config.bootstrap,
    isMdnsOn: config.mdns,
    linkDelayMs: config.linkDelay,
    recordFile: config.record,
    peersMax: config.maxPeers,
    accountSecret: await readAccount(config),
    pruning: config.pruneBelow === null ? null : { depth: config.pruneBelow, takesHistory: config.pruneHistory },
    isSnapshotSyncOn: config.snapshotSync,
    mining: { isOn: config.mine, threads: config.mineThreads, rateMax: config.mineRate },
  };
}

function listenAddress(host: string, port: number): string {
  return `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}`;
}

/** The daemon's own account: a key file's path, or a name in the keystore. */
async function readAccount({ account, passwordFile, dataDir }: Config): Promise<Uint8Array | null> {
  if (account === null) return null;
  if (passwordFile === null) throw new KvchainError('BAD_CONFIG', '--account needs --password-file');
  const file = /[/.\\]/.test(account) ? account : keyFileOf(keyFolderOf(dataDir), account);
  const { secret } = await openKeyFile(file, await readPasswordFile(passwordFile));
  return secret;
}

async function readText(file: string): Promise<string> {
  return Buffer.from(await readBytes(file)).toString('utf8');
}

async function readBytes(file: string): Promise<Uint8Array> {
  return readFile(file).catch(error => {
    throw diskFailed(error, `reading ${join(file)}`, 'BAD_CONFIG');
  });
}

/** One sentence on what was wrong, one on what to do; the exit code is the table's. */
function fail(error: unknown): never {
  if (error instanceof KvchainError) {
    process.stderr.write(`kvchaind: ${error.code}: ${error.message}\n  ${error.action}\n`);
    process.exit(errorRow(error.code).exit);
  }
  process.stderr.write(`kvchaind: a fault of its own: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}
