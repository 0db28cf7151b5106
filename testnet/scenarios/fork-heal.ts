/**
 * Fork and heal: a mining network is cut into two, both sides go on mining and acknowledging puts, and then it is one again. The lighter
 * branch is undone, its transactions go back to the mempools and are mined again, and all end at one head. Meanwhile clients of both sides
 * ask for one key: at no confirmations the network is not one register, which the history of what they were told shows.
 */
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import { checkLinearizability, type Verdict } from '../linearizability/check.ts';
import { WatchedRegister } from '../linearizability/watched-register.ts';
import type { RunningNetwork } from '../networks/network.ts';
import { planOf } from '../networks/network-file.ts';
import { until } from '../until.ts';
import { comeToRest, countLost } from './at-rest.ts';
import { clientOf, inLaboratory } from './laboratory.ts';
import { Putting } from './putting.ts';
import { UndoneBlocks } from './undone-blocks.ts';

/** Numbers of the members of each side; the second has more hash power. */
const sides = [[0], [1, 2]] as const;
const sideNames = ['side A', 'side B'] as const;
const difficulty = 11;
const intervalMs = 500;
/** Both sides mine at least so much before the network is healed. */
const blocksApart = 4;
const waitMs = 120_000;

export interface Side {
  readonly members: readonly number[];
  /** Height and head of its branch before it was healed. */
  readonly height: number;
  readonly head: string;
  /** Puts that were acknowledged while it was alone. */
  readonly acknowledged: number;
}

export interface ForkHealReport {
  readonly sideA: Side;
  readonly sideB: Side;
  /** Whose branch all have followed. */
  readonly winner: 'A' | 'B';
  /** Blocks that the other side undid. */
  readonly reorgDepth: number;
  /** Transactions in these blocks that went back to the mempool, or were on the other branch too. */
  readonly transactionsReturned: number;
  /** Acknowledged puts that no daemon has on its chain, with effect, at the end. */
  readonly lost: number;
  readonly headsEqual: boolean;
  readonly rootsEqual: boolean;
  /** How clients of both sides saw one key that side A wrote, at no confirmations; and how its own did until the network was healed. */
  readonly register: { readonly both: Verdict; readonly sideAAlone: Verdict };
}

export async function forkHeal(tell: (line: string) => void): Promise<ForkHealReport> {
  const rate = 2 ** difficulty / (intervalMs / 1_000);
  const nodes = [0.45, 0.3, 0.3].map(share => ({ hashRate: Math.round(share * rate) }));
  return inLaboratory(planOf({ name: 'fork-heal', difficulty, intervalMs, nodes }), network => run(network, tell));
}

async function run(network: RunningNetwork, tell: (line: string) => void): Promise<ForkHealReport> {
  const clients = network.members.map(({ index }) => clientOf(network, index));
  const firsts = sides.map(([first]) => clientOf(network, first));
  await until('a common block', waitMs, async () => Math.min(...(await heightsOf(clients))) >= 1);
  await network.partition(sides.map(side => [...side]));
  const common = Math.max(...(await heightsOf(firsts)));
  tell('the network is cut into two');
  const putting = firsts.map((client, side) => new Putting([() => client], `side-${'ab'[side]}`));
  await until('both sides to grow', waitMs, async () => Math.min(...(await heightsOf(firsts))) >= common + blocksApart);
  await until('puts on both sides', waitMs, async () => putting.every(({ acknowledged }) => acknowledged.length > 0));
  await Promise.all(putting.map(puts => puts.stop()));
  const register = new WatchedRegister('register');
  await useRegister(register, firsts);
  const sideAAlone = checkLinearizability(register.history.filter(({ client }) => client === sideNames[0]));
  const undone = firsts.map(client => new UndoneBlocks(client));
  const [sideA, sideB] = await Promise.all([sideOf(firsts, putting, 0), sideOf(firsts, putting, 1)]);
  tell(`side A stands at ${sideA.height}, side B at ${sideB.height}; the network is healed`);
  await network.heal();
  await until('one side to give in', waitMs, async () => undone.some(({ depth }) => depth > 0));
  const loser = undone.findIndex(({ depth }) => depth > 0);
  const returned = new Set(await undone[loser]?.transactionIds());
  const acknowledged = putting.flatMap(puts => puts.acknowledged);
  const standings = await comeToRest(clients, acknowledged);
  await readRegister(register, firsts);
  await Promise.all(undone.map(watch => watch.stop()));
  return {
    sideA,
    sideB,
    winner: loser === 0 ? 'B' : 'A',
    reorgDepth: undone[loser]?.depth ?? 0,
    transactionsReturned: returned.size,
    lost: await countLost(clients, acknowledged),
    headsEqual: new Set(standings.map(({ headHash }) => headHash)).size === 1,
    rootsEqual: new Set(standings.map(({ stateRoot }) => stateRoot)).size === 1,
    register: { both: checkLinearizability(register.history), sideAAlone },
  };
}

/** Side A writes and is told that a block holds it; then both sides read. */
async function useRegister(register: WatchedRegister, firsts: readonly KvchainClient[]): Promise<void> {
  const [writer] = firsts;
  if (writer !== undefined) await register.put(writer, sideNames[0], 'written');
  await readRegister(register, firsts);
}

async function readRegister(register: WatchedRegister, firsts: readonly KvchainClient[]): Promise<void> {
  for (const [side, client] of firsts.entries()) await register.get(client, sideNames[side] ?? '');
}

async function sideOf(firsts: readonly KvchainClient[], putting: readonly Putting[], side: 0 | 1): Promise<Side> {
  const standing = await firsts[side]?.call('chain_status', {});
  return {
    members: sides[side],
    height: standing?.height ?? 0,
    head: standing?.headHash ?? '',
    acknowledged: putting[side]?.acknowledged.length ?? 0,
  };
}

async function heightsOf(clients: readonly KvchainClient[]): Promise<readonly number[]> {
  const standings = await Promise.all(clients.map(client => client.call('chain_status', {})));
  return standings.map(({ height }) => height);
}
