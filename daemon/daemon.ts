/**
 * The daemon: the node over the machine's own network, disk and threads, with the API before it. Parts are opened in order and closed
 * backwards; when one does not open, those before it are closed.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { chainIdOf, type Genesis, paramsAt } from '../chain/genesis.ts';
import { publicKeyOf } from '../chain/keys.ts';
import { type Signer, signerOf } from '../chain/transaction.ts';
import { AddressBook } from './address-book.ts';
import { logChain } from './chain-log.ts';
import { watchClock } from './clock-watch.ts';
import { NearVerifier } from './crypto/near-verifier.ts';
import { WorkerVerifier } from './crypto/worker-verifier.ts';
import { chainFolder, readGenesis, readNodeKeys, recordsFile, removeRpcFile, writeRpcFile } from './data-folder.ts';
import { DescriptorWatch } from './descriptor-watch.ts';
import { type EngineRecorder, openRecorder } from './engine-recording.ts';
import { makePrivateFolder } from './keystore/private-file.ts';
import type { Logger } from './logging.ts';
import { memberOf } from './member-proof.ts';
import type { Metrics } from './metrics.ts';
import { WorkerMiner } from './mining/worker-miner.ts';
import { Links } from './network/links.ts';
import { createLibp2pNetwork } from './network/network.ts';
import { Node, type NodeOptions, type NodePorts } from './node.ts';
import { NodeService } from './node-service.ts';
import type { Network, Store } from './ports.ts';
import type { Pruning } from './pruner.ts';
import { startApiServer } from './rpc/server.ts';
import type { ServerSettings, TlsFiles } from './rpc/server-settings.ts';
import { type JoinOrder, type JoinStage, joinFromSnapshot } from './snapshot-join.ts';
import { openLevelStore } from './store/level-store.ts';
import { openRecordLog } from './store/record-log.ts';
import { systemClock, systemRandom } from './system.ts';

/** How often it is logged how far a snapshot is. */
const progressMs = 5_000;

export interface DaemonSettings {
  readonly dataDir: string;
  readonly version: string;
  readonly rpc: Omit<ServerSettings, 'dataDir'>;
  readonly listen: readonly string[];
  readonly bootstrap: readonly string[];
  readonly isMdnsOn: boolean;
  /** Both are for test networks alone. */
  readonly linkDelayMs: number;
  readonly recordFile: string | null;
  readonly peersMax: number;
  /** Secret key of the daemon's own account, 32 bytes; it then signs plain forms and is paid for blocks. */
  readonly accountSecret: Uint8Array | null;
  readonly pruning: Pruning | null;
  /** Whether an empty folder begins with a snapshot of its peers. */
  readonly isSnapshotSyncOn: boolean;
  readonly mining: { readonly isOn: boolean; readonly threads: number; readonly rateMax: number | null };
}

export interface Daemon {
  readonly url: string;
  /** Resolves when it has stopped, with why when it could not go on. */
  readonly stopped: Promise<unknown>;
  /** New connections to the API get this certificate. Error: BAD_CONFIG when it is none or not the key's; the old one stays. */
  setCertificate(tls: TlsFiles): void;
}

/** Told once why the daemon ends: null when it was asked to, else what it could not survive. */
class Ending {
  readonly reason: Promise<unknown>;
  #resolve: (reason: unknown) => void = () => {};

  constructor() {
    this.reason = new Promise(resolve => {
      this.#resolve = resolve;
    });
  }

  tell(reason: unknown): void {
    this.#resolve(reason);
  }
}

/** What the daemon tells its operator by, and is told to stop by: it then ends in order, also while it opens. */
export interface DaemonWires {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly stopping: AbortSignal;
}

/** Starts a daemon. Throws a KvchainError that names what stood in the way. */
export async function startDaemon(settings: DaemonSettings, wires: DaemonWires): Promise<Daemon> {
  const closers: (() => Promise<unknown>)[] = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) {
      await close().catch(error => wires.log.error({ error }, 'a part does not stop cleanly'));
    }
  };
  try {
    return await open(settings, { ...wires, closers, closeAll });
  } catch (error) {
    await closeAll();
    throw error;
  }
}

interface Opening extends DaemonWires {
  readonly closers: (() => Promise<unknown>)[];
  readonly closeAll: () => Promise<void>;
}

async function open(settings: DaemonSettings, opening: Opening): Promise<Daemon> {
  const { log, metrics, stopping, closers } = opening;
  const { dataDir } = settings;
  await makePrivateFolder(dataDir);
  const genesis = await readGenesis(dataDir);
  const keys = await readNodeKeys(dataDir);
  const ending = new Ending();
  stopping.addEventListener('abort', () => ending.tell(null));
  if (stopping.aborted) ending.tell(null);
  const descriptors = new DescriptorWatch(log, () => metrics.descriptorsShort());
  closers.push(async () => descriptors.close());
  expectTestNetwork(settings, genesis);
  const { identity } = keys;
  const links = new Links({ clock: systemClock, random: systemRandom, delayMs: settings.linkDelayMs });
  const ports = await openPorts(settings, { genesis, identity, links }, opening);
  log.debug({}, 'what the node stands on is open');
  if (settings.isSnapshotSyncOn) {
    // The node that follows shakes hands anew, as what it holds, so the join has a network of its own.
    const network = await openNetwork(settings, { genesis, identity, links, store: ports.store }, log);
    await joinBefore({ genesis, ports: { ...ports, network }, signal: stopping }, log);
  }
  const node = await Node.open(nodeOptions(settings, { genesis, producer: keys.producer, ending }, opening), ports);
  closers.push(() => node.stop());
  log.debug({}, 'the chain is loaded');
  const service = new NodeService(node, async () => ending.tell(null));
  observe(service, opening);
  await node.start();
  log.debug({}, 'peers are let in');
  if (settings.mining.isOn) node.producer.start();
  const host = {
    node: service,
    links,
    account: accountOf(settings.accountSecret),
    version: settings.version,
    startedAtMs: Date.now(),
    now: () => Date.now(),
    requestStop: () => ending.tell(null),
    crash: () => process.kill(process.pid, 'SIGKILL'),
  };
  const server = await startApiServer({ ...settings.rpc, dataDir }, { api: host, log, meter: metrics });
  closers.push(() => server.close());
  await writeRpcFile(dataDir, server.url);
  closers.push(() => removeRpcFile(dataDir));
  const { height } = node.ledger.head.header;
  const standing = { chainId: toHex(node.chainId), height, peerId: service.peerId(), addresses: service.addresses() };
  if (!stopping.aborted) log.info({ ...standing, rpc: server.url, dataDir }, 'node is ready');
  const stopped = ending.reason.then(async reason => {
    await opening.closeAll();
    return reason;
  });
  return { url: server.url, stopped, setCertificate: tls => server.setCertificate(tls) };
}

/** Has metrics and log follow the node, and the clock watched. */
function observe(service: NodeService, { log, metrics, closers }: Opening): void {
  metrics.observe(service);
  closers.push(async () => metrics.close());
  const endLog = logChain(service, log, () => performance.now());
  closers.push(async () => endLog());
  const endWatch = watchClock(systemClock, byMs => {
    metrics.clockJumped();
    log.warn({ byMs }, 'the clock of this machine jumped or stood still: blocks are dated by it, so set it right');
  });
  closers.push(async () => endWatch());
}

/** Opens what the node stands on. Each port leaves its closer behind, but for the network, which the node stops itself. */
async function openPorts(
  settings: DaemonSettings,
  { genesis, identity, links }: Omit<NetworkBase, 'store'>,
  { log, metrics, closers }: Opening,
): Promise<NodePorts> {
  const chainIdHex = toHex(chainIdOf(genesis));
  if (existsSync(join(settings.dataDir, recordsFile)) && !existsSync(join(settings.dataDir, chainFolder))) {
    log.warn({ dataDir: settings.dataDir }, 'the chain of this data folder is gone: it is fetched again from peers');
  }
  const store = await openLevelStore({ folder: join(settings.dataDir, chainFolder), chainIdHex });
  closers.push(() => store.close());
  const records = await openRecordLog({
    file: join(settings.dataDir, recordsFile),
    onTornTail: bytes =>
      log.warn({ bytes }, 'a torn tail of the record log was cut: the last run was killed while writing'),
  });
  closers.push(() => records.close());
  const onFallback = (reason: string) =>
    log.warn({ reason }, 'the native signature library does not load; the portable one is about 40 times slower');
  const verifier = new NearVerifier({ startThreads: () => new WorkerVerifier({ onFallback }) });
  closers.push(() => verifier.close());
  const miner = new WorkerMiner({
    threads: settings.mining.threads,
    rateMax: settings.mining.rateMax,
    onSwitch: ms => metrics.minerSwitched(ms / 1_000),
    onFault: error => log.error({ error }, 'a mining thread died'),
  });
  closers.push(() => miner.close());
  const network = await openNetwork(settings, { genesis, identity, links, store }, log);
  return { network, store, log: records, clock: systemClock, random: systemRandom, verifier, miner };
}

interface NetworkBase {
  readonly genesis: Genesis;
  readonly identity: Uint8Array;
  readonly links: Links;
  readonly store: Store;
}

function openNetwork(
  settings: DaemonSettings,
  { genesis, identity, links, store }: NetworkBase,
  log: Logger,
): Promise<Network> {
  return createLibp2pNetwork({
    identity,
    listen: settings.listen,
    bootstrap: settings.bootstrap,
    chainIdHex: toHex(chainIdOf(genesis)),
    isMdnsOn: settings.isMdnsOn,
    // What the operator's own addresses imply is dialled: on loopback or a LAN, addresses there.
    isPrivateAllowed: false,
    addressBook: new AddressBook(store, systemClock),
    clock: systemClock,
    random: systemRandom,
    log,
    links,
    limits: { inboundPeersMax: settings.peersMax },
  });
}

/** Leaves the store at a snapshot, if one is to be had, and tells how far it is meanwhile, for there is no API yet to ask. */
async function joinBefore(order: Omit<JoinOrder, 'onProgress'>, log: Logger): Promise<void> {
  let toldMs = Number.NEGATIVE_INFINITY;
  const onProgress = (stage: JoinStage, at: number | string): void => {
    if (stage === 'again') log.warn({ because: at }, 'no snapshot yet, it is tried again');
    if (stage === 'again' || systemClock.monotonic() - toldMs < progressMs) return;
    toldMs = systemClock.monotonic();
    log.info({ stage, at }, 'a snapshot is being fetched');
  };
  log.info({}, 'peers are asked for a snapshot');
  try {
    const outcome = await joinFromSnapshot({ ...order, onProgress });
    if (outcome.type === 'joined') log.info({ height: outcome.height }, 'the node begins with a snapshot');
    else log.info({ because: outcome.because }, 'the node begins without a snapshot');
  } catch (error) {
    // It ends in order, as when it is told to stop at any other point of its start.
    if (!order.signal.aborted) throw error;
  }
}

function nodeOptions(
  settings: DaemonSettings,
  { genesis, producer, ending }: { readonly genesis: Genesis; readonly producer: Uint8Array; readonly ending: Ending },
  { log, closers }: Opening,
): NodeOptions {
  return {
    genesis,
    signer: blockSigner(genesis, settings.accountSecret, producer),
    pruning: settings.pruning,
    recorder: recorderOf(settings.recordFile, closers),
    onFatal: error => ending.tell(error),
    onFault: error => log.warn({ error }, 'a fault that the node survives'),
    onTrace: (rule, data) => log.debug({ rule, ...data }, 'engine rule'),
  };
}

/** Error thrown: BAD_CONFIG for what only a test network may do. */
function expectTestNetwork({ linkDelayMs, recordFile }: DaemonSettings, genesis: Genesis): void {
  if (paramsAt(genesis, 0).testNetwork === 1 || (linkDelayMs === 0 && recordFile === null)) return;
  throw new KvchainError('BAD_CONFIG', '--link-delay and --record are for test networks, and this is none');
}

function recorderOf(file: string | null, closers: Opening['closers']): EngineRecorder | null {
  if (file === null) return null;
  const recorder = openRecorder(file);
  closers.push(async () => recorder.close());
  return recorder;
}

/** A member signs as that member, with whichever of the two keys it is; all others are paid for blocks on their account, if there is one. */
function blockSigner(genesis: Genesis, accountSecret: Uint8Array | null, producer: Uint8Array): Signer {
  const own = signerOf(producer);
  if (accountSecret === null || memberOf(genesis, own.publicKey) !== null) return own;
  return signerOf(accountSecret);
}

function accountOf(secretKey: Uint8Array | null) {
  return secretKey === null ? null : { secretKey, publicKey: publicKeyOf(secretKey) };
}
