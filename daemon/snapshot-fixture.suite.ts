/** What the tests of snapshots share: a chain with all that a state may hold, nodes that took snapshots of it, and a node that joins. */
import { toUtf8 } from '../chain/bytes.ts';
import { chainIdOf, type Genesis } from '../chain/genesis.ts';
import { alice, bob, genesisWith, paramsWith, put } from '../chain/ledger-fixture.suite.ts';
import type { Operation } from '../chain/operation.ts';
import { signTransaction } from '../chain/transaction.ts';
import { Branch } from './chain-fixture.suite.ts';
import { InlineVerifier } from './crypto/inline-verifier.ts';
import { ManualClock, settle } from './manual-clock.suite.ts';
import { type Answering, FakeNetwork, type OpenedNode, openNode, peerWith } from './node-fixture.suite.ts';
import type { PeerId, Store } from './ports.ts';
import { type JoinOutcome, type JoinStage, joinFromSnapshot } from './snapshot-join.ts';
import { snapshotDepth, snapshotInterval } from './snapshot-shelf.ts';
import { MemoryStore } from './store/memory-store.ts';
import { encodeRequest } from './wire.ts';

export const undoBlocksMax = 6;
const params = paramsWith({ undoBlocksMax, safeConfirmations: 2, subsidy: 10n });
export const snapshotGenesis: Genesis = genesisWith(params, [
  [alice, 1_000n],
  [bob, 500n],
]);
export const blocks = 20;
/** The highest multiple of the interval that is deep enough under the head. */
const highest = blocks - snapshotDepth(params);
export const pivotHeight: number = highest - (highest % snapshotInterval(params));

/** A key that is written anew in each block, one that is old, one that was deleted, one that was handed over, and some more. */
export function grownBranch(): Branch {
  const branch = new Branch(snapshotGenesis);
  const chainId = chainIdOf(snapshotGenesis);
  const often: Readonly<Record<number, readonly Operation[]>> = {
    1: [put('once', 'for all'), put('gone', 'soon'), put('mine', 'then yours')],
    2: [{ type: 'delete', key: 'gone' }],
    3: [{ type: 'transferKey', key: 'mine', to: bob.address }],
    4: Array.from({ length: 40 }, (_, index) => put(`many/${index}`, `value ${index}`)),
    5: [{ type: 'put', key: 'empty', value: toUtf8(''), contentType: '', expectedVersion: null }],
  };
  for (let nonce = 0; nonce < blocks; nonce++) {
    const operations = [put('k', `value ${nonce + 1}`), ...(often[nonce] ?? [])];
    const body = { chainId, nonce, fee: 0n, expiresAt: null, memo: new Uint8Array(0), operations };
    branch.grow([signTransaction(body, alice.secret)]);
  }
  return branch;
}

/** A node that followed the branch block by block, as nodes do that are up when blocks are found. */
export async function servingNode(branch: Branch, store: Store = new MemoryStore()): Promise<OpenedNode> {
  const opened = await openNode(store, snapshotGenesis);
  for (const [index, block] of branch.blocks.entries())
    await follow(opened, branch.blocks.slice(0, index + 1), block.hashHex);
  return opened;
}

async function follow(opened: OpenedNode, known: Branch['blocks'], headHex: string): Promise<void> {
  const peer = `giver ${known.length}`;
  opened.network.connect(peer, 1_000_000n, peerWith(known));
  await settle('the head', () => opened.node.ledger.head.hashHex === headHex);
  opened.network.disconnect(peer);
}

/** What a node answers to its peers. */
export function answersOf({ node }: OpenedNode): Answering {
  return request => node.sync.answer(encodeRequest(request));
}

export interface Joined {
  readonly outcome: JoinOutcome;
  readonly network: FakeNetwork;
  readonly told: readonly (readonly [JoinStage, number | string])[];
}

export interface Joining extends Omit<Joined, 'outcome'> {
  readonly clock: ManualClock;
  readonly ending: Promise<JoinOutcome>;
  readonly stopping: AbortController;
}

/** A node that begins to join over these peers; time stands still until it is moved. */
export async function beginJoin(store: Store, peers: Readonly<Record<PeerId, Answering>>): Promise<Joining> {
  const network = new FakeNetwork(chainIdOf(snapshotGenesis));
  const clock = new ManualClock(snapshotGenesis.time + 1_000_000);
  const stopping = new AbortController();
  const told: (readonly [JoinStage, number | string])[] = [];
  const ending = joinFromSnapshot({
    genesis: snapshotGenesis,
    ports: { network, store, clock, verifier: new InlineVerifier() },
    signal: stopping.signal,
    onProgress: (stage, at) => told.push([stage, at]),
  });
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  ending.then(end, end);
  await settle('the network', () => network.isStarted || isOver);
  if (!network.isStarted) return { network, clock, told, ending, stopping };
  for (const [peer, answer] of Object.entries(peers)) network.connect(peer, 1_000n, answer);
  return { network, clock, told, ending, stopping };
}

/** Joins over these peers, in as much time as it takes. */
export async function join(store: Store, peers: Readonly<Record<PeerId, Answering>>): Promise<Joined> {
  const joining = await beginJoin(store, peers);
  const outcome = await pump(joining);
  return { ...joining, outcome };
}

/** Moves time on until the join has ended. */
export async function pump({ clock, ending }: Joining): Promise<JoinOutcome> {
  let isOver = false;
  const noted = ending.finally(() => {
    isOver = true;
  });
  noted.catch(() => {});
  await settle('the end of the join', () => {
    clock.advance(250);
    return isOver;
  });
  return ending;
}
