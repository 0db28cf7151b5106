/**
 * The 51 % attack on real daemons: a victim is paid, waits for its confirmations and delivers; the attacker mines a contradiction in
 * secret, with a share of all hash power, and publishes it when it is heavier. Others go on putting keys meanwhile.
 *
 * Everybody's miner rests until the payment is in the mempools, so that both branches begin at the same block with nothing, as the
 * formula of PROTOCOLS 10.1 counts (the strict variant; giving up at an absolute distance, looked at from the first block on).
 *
 * With an engine that makes blocks final the attacker does not care: what is final the daemons do not undo, and it is refused.
 *
 * One network plays many attacks, one after the other: it takes longer to start than an attack does.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromUtf8, toHex } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import type { Genesis } from '../../chain/genesis.ts';
import { parseGenesis } from '../../chain/genesis-file.ts';
import { signerOf } from '../../chain/transaction.ts';
import { createEngine } from '../../consensus/registry.ts';
import { newSecret } from '../../daemon/keystore/keystore.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import { type AttackerNode, openAttackerNode } from '../attackers/attacker-node.ts';
import { Curtain } from '../attackers/curtain.ts';
import { type DoubleSpend, makeDoubleSpend } from '../attackers/double-spend.ts';
import { PrivateFork } from '../attackers/private-fork.ts';
import type { RunningNetwork } from '../networks/network.ts';
import { planOf } from '../networks/network-file.ts';
import { until } from '../until.ts';
import { FinalBlocks } from './final-blocks.ts';
import { awaitedLater, clientOf, inLaboratory, untilOneHead } from './laboratory.ts';
import { Putting, putRate } from './putting.ts';
import { UndoneBlocks } from './undone-blocks.ts';

/** The daemons: one mines, others put through one, one is the victim's. */
const [miner, gateway, victim] = [0, 1, 2];
const intervalMs = 500;
const settleMs = 60_000;
/** For what the victim waits for. */
const waitMs = 60 * settleMs;
/** Blocks before the attack, so that the puts are in full swing. */
const warmUpBlocks = 3;

export interface Attack51Plan {
  readonly engine: string;
  /** The attacker's part of all hash power, between 0 and 1. */
  readonly share: number;
  /** What the victim waits for: so many blocks, or that the payment is final. */
  readonly confirmations: number | 'final';
  /** Leading zero bits; the hash rates follow, so that blocks come every 500 ms. */
  readonly difficulty: number;
  readonly giveUpBehind: number;
  /** Hears what happens. */
  readonly tell: (line: string) => void;
}

export interface Attack51Report {
  readonly success: boolean;
  /** Blocks that the victim's daemon undid. */
  readonly reorgDepth: number;
  /** What the victim read after its confirmations, and at the end; null before it had them, when the attacker gave up that early. */
  readonly getBefore: string | null;
  readonly getAfter: string | null;
  /** Puts of others in the undone blocks; they are mined again later. */
  readonly honestPutsReverted: number;
  /** Acknowledged puts of others a second, from the payment to the end of the race. */
  readonly putRateDuring: number;
  readonly gaveUp: boolean;
  /** The daemons did not follow its branch though it was heavier, for it missed what is final. */
  readonly refused: boolean;
  /** Blocks that the victim's daemon undid and had called final before. */
  readonly reorgsBelowFinal: number;
  /** Milliseconds from the payment until it was final; null when it was not before the race ended. */
  readonly finalAfterMs: number | null;
  readonly privateBlocks: number;
  readonly publicBlocks: number;
}

/** Attacks, with the same plan, on one network. Error thrown: USAGE on a share that is none; STOPPING when a person interrupts it. */
export async function attack51(plan: Attack51Plan, attacks: number): Promise<readonly Attack51Report[]> {
  const { engine, share, difficulty } = plan;
  if (!(share > 0 && share < 1))
    throw new KvchainError('USAGE', `share ${share}: expected more than 0 and less than 1`);
  const found = createEngine(engine);
  if (found.ok && found.value.headerChain === null) {
    throw new KvchainError('USAGE', `engine ${engine}: nobody mines there; the attack is on proof of work`);
  }
  const hashRate = 2 ** difficulty / (intervalMs / 1_000);
  const honest = Math.max(1, Math.round((1 - share) * hashRate));
  const nodes = [{ hashRate: honest }, { hashRate: 0 }, { hashRate: 0 }];
  const network = planOf({ name: 'attack-51', engine, difficulty, intervalMs, nodes });
  return inLaboratory(network, (running, signal) => run(running, { ...plan, attacks, rate: share * hashRate, signal }));
}

interface Run extends Attack51Plan {
  readonly attacks: number;
  readonly rate: number;
  readonly signal: AbortSignal;
}

async function run(network: RunningNetwork, plan: Run): Promise<readonly Attack51Report[]> {
  const clients = [miner, gateway, victim].map(index => clientOf(network, index));
  const attacker = await openAttacker(network, plan);
  const putter = clientOf(network, gateway);
  const putting = new Putting([() => putter], 'others');
  const undone = new UndoneBlocks(clientOf(network, victim));
  const final = new FinalBlocks(clientOf(network, victim));
  const ending = new AbortController();
  const looking = awaitedLater(final.watch(AbortSignal.any([plan.signal, ending.signal])));
  try {
    await until('some blocks', settleMs, async () => (await heightOf(clientOf(network, miner))) >= warmUpBlocks);
    const reports: Attack51Report[] = [];
    while (reports.length < plan.attacks) {
      const key = `attack/payment/${reports.length + 1}`;
      const spend = makeDoubleSpend(attacker.genesis, key, signerOf(newSecret()));
      reports.push(await attack({ clients, attacker, putting, undone, final, plan, key, spend }));
      if (attacker.faults.length > 0) throw new AggregateError(attacker.faults, 'the attacker has faults');
    }
    return reports;
  } finally {
    ending.abort();
    await Promise.all([putting.stop(), undone.stop(), looking]);
    await attacker.opened.close();
  }
}

interface OpenAttacker {
  readonly genesis: Genesis;
  readonly opened: AttackerNode;
  readonly fork: PrivateFork;
  /** What went wrong in it by itself. */
  readonly faults: readonly unknown[];
}

async function openAttacker(network: RunningNetwork, { rate }: Run): Promise<OpenAttacker> {
  const file = await readFile(join(network.member(miner).dataDir, 'genesis.json'), 'utf8');
  const genesis = parseGenesis(file);
  if (!genesis.ok) throw new KvchainError(genesis.error.code, genesis.error.detail);
  const curtain = new Curtain();
  const faults: unknown[] = [];
  const place = {
    genesis: genesis.value,
    keys: { identity: newSecret(), producer: newSecret() },
    address: '127.0.0.1',
    bootstrap: network.members.flatMap(({ address }) => address ?? []),
    hashRate: rate,
    onFault: (error: unknown) => faults.push(error),
  };
  const opened = await openAttackerNode(place, curtain);
  await until('the attacker to know everybody', settleMs, async () => curtain.peers().length >= network.members.length);
  return { genesis: genesis.value, opened, fork: new PrivateFork(opened.node, curtain), faults };
}

interface Scene {
  readonly clients: readonly KvchainClient[];
  readonly attacker: OpenAttacker;
  readonly putting: Putting;
  readonly undone: UndoneBlocks;
  readonly final: FinalBlocks;
  readonly plan: Run;
  /** Which the payment writes. */
  readonly key: string;
  readonly spend: DoubleSpend;
}

async function attack(scene: Scene): Promise<Attack51Report> {
  const { clients, attacker, putting, undone, final, plan, key } = scene;
  const { confirmations, giveUpBehind, tell } = plan;
  const [mining, , waiting] = clients;
  if (mining === undefined || waiting === undefined) throw new KvchainError('INTERNAL', 'three daemons run');
  const id = await pay(scene);
  undone.forget();
  const startMs = performance.now();
  tell('paid: both branches begin at the same block');
  const ending = new AbortController();
  const signal = AbortSignal.any([plan.signal, ending.signal]);
  const victimSees = { value: null as string | null, isDelivered: false };
  // It ends with the attack at the latest, when the attacker gave up before the victim had its confirmations.
  const delivery = waiting
    .waitFor(id, confirmations === 'final' ? 'final' : `confirmed:${confirmations}`, { signal, timeoutMs: waitMs })
    .then(async () => {
      victimSees.value = await read(waiting, key);
      victimSees.isDelivered = true;
      const what = confirmations === 'final' ? 'a final payment' : `${confirmations} confirmations`;
      tell(`the victim has ${what} and delivers: get says ${victimSees.value}`);
    })
    .catch((error: unknown) => {
      // The race ends with it.
      if (!signal.aborted) ending.abort(error);
    });
  const paid = { finalAfterMs: null as number | null };
  const finality = finalAfter(waiting, id, signal).then(finalAfterMs => Object.assign(paid, { finalAfterMs }));
  await mining.call('miner_start', {});
  const isDelivered = () => victimSees.isDelivered;
  const isFinal = () => paid.finalAfterMs !== null;
  const end = await attacker.fork.race({ isDelivered, giveUpBehind, isFinal, signal });
  const endMs = performance.now();
  tell(`the attacker ${end.outcome}: ${end.privateBlocks} blocks in secret, ${end.publicBlocks} in public`);
  if (end.outcome === 'won') await until('the victim to be reorganised', settleMs, async () => undone.hasEnded);
  await untilOneHead(clients);
  ending.abort();
  await Promise.all([delivery, finality]);
  const reverted = (await undone.transactionIds()).filter(undoneId => undoneId !== id);
  return {
    success: victimSees.isDelivered && !(await stands(waiting, id)),
    reorgDepth: undone.depth,
    getBefore: victimSees.value,
    getAfter: await read(waiting, key),
    honestPutsReverted: new Set(reverted).size,
    putRateDuring: Math.round(100 * putRate(putting.acknowledged, startMs, endMs)) / 100,
    gaveUp: end.outcome === 'gave up',
    refused: end.outcome === 'was refused',
    reorgsBelowFinal: final.count(undone.hashes),
    finalAfterMs: paid.finalAfterMs,
    privateBlocks: end.privateBlocks,
    publicBlocks: end.publicBlocks,
  };
}

/** Milliseconds from now; null when the signal comes before, or nothing ever is final. */
async function finalAfter(client: KvchainClient, id: string, signal: AbortSignal): Promise<number | null> {
  const startMs = performance.now();
  const state = await client.waitFor(id, 'final', { signal, timeoutMs: waitMs }).catch(() => null);
  return state?.finality === 'final' ? Math.round(performance.now() - startMs) : null;
}

/** Gives the id of the payment, which is in the mempools of all; the contradiction is behind the curtain, and nobody mines. */
async function pay({ clients, attacker, spend }: Scene): Promise<string> {
  const { fork } = attacker;
  const [mining] = clients;
  const isAtHead = async () => fork.head.hashHex === (await mining?.call('chain_status', {}))?.headHash;
  // While blocks come: from them the attacker learns what it missed behind the curtain.
  await until('the attacker to follow', settleMs, isAtHead);
  await mining?.call('miner_stop', {});
  await untilOneHead(clients);
  await until('the attacker to be at the head', settleMs, isAtHead);
  await fork.begin(spend);
  const id = toHex(spend.payment.id);
  for (const client of clients) {
    await until('the payment to arrive', settleMs, () =>
      client.call('tx_get', { id }).then(
        () => true,
        () => false,
      ),
    );
  }
  return id;
}

function stands(client: KvchainClient, id: string): Promise<boolean> {
  return client.call('tx_get', { id }).then(
    ({ status }) => status === 'included',
    (error: unknown) => {
      if (error instanceof KvchainError && error.code === 'NOT_FOUND') return false;
      throw error;
    },
  );
}

async function read(client: KvchainClient, key: string): Promise<string | null> {
  const found = await client.get(key);
  return found === null ? null : fromUtf8(found.bytes);
}

async function heightOf(client: KvchainClient): Promise<number> {
  return (await client.call('chain_status', {})).height;
}
