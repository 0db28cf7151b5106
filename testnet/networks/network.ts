/**
 * A running network: its members started a few at a time, linked as the plan says, broken and mended on order. Whoever holds it must
 * stop it, or processes stay.
 */
import { join } from 'node:path';
import { KvchainError } from '../../chain/errors.ts';
import { formatGenesis } from '../../chain/genesis-file.ts';
import { makeFolder } from '../../daemon/make-folder.ts';
import type { BatchCall } from '../../daemon/rpc/transport.ts';
import { until } from '../until.ts';
import { type Host, loopback } from './hosts.ts';
import { LinkPlan, type LinkState } from './link-plan.ts';
import { Member, type MemberPlan } from './member.ts';
import { genesisOf, type NetworkPlan, type PlannedNode, votersOf } from './network-file.ts';
import type { MemberRow } from './table.ts';
import { allPairs, dialledEdges, type Edge, edgesOf } from './topology.ts';

/** A daemon that comes up is busy with a core, so more at once would only wait for each other. */
const startsAtOnce = 2;
const connectMs = 90_000;
const dialMs = 20_000;
/** Calls in one request. */
const callsMax = 100;

/** The file in the network's folder that the events of a daemon's engine are recorded in. */
function recordingOf(index: number): string {
  return `${index}.recording`;
}

type LinkCall = BatchCall<'net_failLink' | 'net_fixLink' | 'net_delay' | 'net_loss'>;

export class RunningNetwork {
  readonly folder: string;
  readonly members: readonly Member[];
  readonly #plan: NetworkPlan;
  readonly #dials: readonly Edge[];
  readonly #links: LinkPlan;
  /** What is set at each daemon's link, by `from,to`; what is not here is a good link. */
  readonly #applied = new Map<string, LinkState>();
  #genesis: Promise<string> | null = null;
  #starting: Promise<void> = Promise.resolve();
  #isStopping = false;

  /** `hostOf` says where each member runs. */
  constructor(plan: NetworkPlan, folder: string, hostOf: (index: number) => Host = () => loopback) {
    this.folder = folder;
    this.#plan = plan;
    const nodes = plan.nodes.length;
    const bootstrap = () => this.members.slice(0, nodes).flatMap(({ address }) => address ?? []);
    const plans: MemberPlan[] = [
      ...plan.nodes.map((node, index) => ({ role: 'node' as const, ...node, flags: this.#flagsOf(node, index) })),
      ...plan.attackers.map(attacker => ({ role: 'attacker' as const, bootstrap, ...attacker })),
    ];
    const genesis = () => this.#genesisText();
    this.members = plans.map((member, index) => new Member(member, { index, folder, genesis, host: hostOf(index) }));
    const seed = BigInt(plan.seed);
    this.#dials = dialledEdges(plan.topology, nodes, seed);
    // An attacker reaches everybody: that is the worst case.
    const attackers = allPairs(plans.length).filter(([, high]) => high >= nodes);
    this.#links = new LinkPlan(plans.length, [...edgesOf(plan.topology, nodes, seed), ...attackers]);
  }

  /** What the plan of the whole network adds to the flags of a daemon. */
  #flagsOf({ flags }: PlannedNode, index: number): readonly string[] {
    const { delayMs, record } = this.#plan;
    return [
      ...(delayMs > 0 ? ['--link-delay', String(delayMs)] : []),
      ...(record ? ['--record', join(this.folder, recordingOf(index))] : []),
      ...flags,
    ];
  }

  /** Starts all, links them, and lets them mine. `tell` hears of each member that is up. */
  start(tell: (member: Member) => void): Promise<void> {
    this.#starting = this.#startAll(tell);
    return this.#starting;
  }

  /** Made when the first member starts: it names those that vote by the keys in their folders. */
  #genesisText(): Promise<string> {
    this.#genesis ??= this.#makeGenesis();
    return this.#genesis;
  }

  async #makeGenesis(): Promise<string> {
    const plan = this.#plan;
    const voting = this.members.slice(0, votersOf(plan));
    const members = await Promise.all(
      voting.map(async member => ({ name: member.name, publicKey: await member.publicKey() })),
    );
    return formatGenesis(genesisOf(plan, members, Date.now()));
  }

  async #startAll(tell: (member: Member) => void): Promise<void> {
    await makeFolder(this.folder, 0o700);
    const nodes = this.members.filter(({ plan }) => plan.role === 'node');
    const waiting = [...nodes];
    const startNext = async (): Promise<void> => {
      for (let member = waiting.shift(); member !== undefined && !this.#isStopping; member = waiting.shift()) {
        await member.start();
        tell(member);
      }
    };
    // When one does not start, the others that are being started are waited for, so that all can be stopped.
    const outcomes = await Promise.allSettled(Array.from({ length: startsAtOnce }, startNext));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    if (this.#isStopping) return;
    await this.#applyLinks();
    for (const edge of this.#dials) if (!this.#isStopping) await this.#dial(edge);
    await Promise.all(nodes.map(startMining));
    for (const member of this.members.filter(({ plan }) => plan.role === 'attacker' && plan.begins === 'at-once')) {
      if (this.#isStopping) return;
      await member.start();
      tell(member);
    }
  }

  /** Stops all; resolves when no process is left, also of those that were being started. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.members.map(member => member.stop()));
    await this.#starting.catch(() => {});
    await Promise.all(this.members.map(member => member.stop()));
  }

  /** kill -9 to all that still run. */
  async killAll(): Promise<void> {
    await Promise.all(this.members.map(member => member.kill()));
  }

  /** The member of this number. Error thrown: NOT_FOUND. */
  /** The member that says of itself that it leads; null when none does. */
  async leader(): Promise<Member | null> {
    for (const member of this.members) {
      const status = await member.client?.call('consensus_status', {}).catch(() => null);
      if (status?.role === 'leader') return member;
    }
    return null;
  }

  member(index: number): Member {
    const member = this.members[index];
    if (member !== undefined) return member;
    throw new KvchainError('NOT_FOUND', `no member ${index}: there are 0 to ${this.members.length - 1}`, {
      action: '`kvchain-testnet ps` lists the members.',
    });
  }

  /**
   * Stops it if it runs, starts it with the folder and the ports that it had, links it again and lets it mine. Gives the address of a
   * daemon that is elsewhere now, because another program had taken a port of it; else null.
   */
  async restart(index: number): Promise<string | null> {
    const member = this.member(index);
    const before = member.address;
    await member.stop();
    for (const key of this.#applied.keys()) if (key.startsWith(`${index},`)) this.#applied.delete(key);
    await member.start();
    await this.#applyLinks();
    for (const edge of this.#dials) if (edge.includes(index)) await this.#dial(edge);
    await startMining(member);
    const hasMoved = member.plan.role === 'node' && before !== null && before !== member.address;
    return hasMoved ? member.address : null;
  }

  /** A frozen member missed what changed of its links. */
  async resume(index: number): Promise<void> {
    this.member(index).resume();
    await this.#applyLinks();
  }

  async partition(groups: readonly (readonly number[])[]): Promise<void> {
    this.#links.partition(groups);
    await this.#applyLinks();
  }

  /** Ends partitions, delays and losses. */
  async heal(): Promise<void> {
    this.#links.heal();
    await this.#applyLinks();
  }

  /** Errors thrown: USAGE beyond the limits of the plan, and where `from` is an attacker, which obeys nobody. */
  async delay(from: number, to: number, delayMs: number): Promise<void> {
    this.#expectDaemon(from, to);
    this.#links.delay(from, to, delayMs);
    await this.#applyLinks();
  }

  async drop(from: number, to: number, lossRate: number): Promise<void> {
    this.#expectDaemon(from, to);
    this.#links.drop(from, to, lossRate);
    await this.#applyLinks();
  }

  rows(): Promise<readonly MemberRow[]> {
    return Promise.all(this.members.map(member => member.row()));
  }

  #expectDaemon(from: number, to: number): void {
    const { plan, name } = this.member(from);
    if (this.member(to).index === from) throw new KvchainError('USAGE', `${name} has no link to itself`);
    if (plan.role === 'attacker')
      throw new KvchainError('USAGE', `${name} is an attacker, whose sending nobody controls`);
  }

  /** Sets what differs from the plan at every daemon that answers; a paused or stopped one is set when it is back. */
  async #applyLinks(): Promise<void> {
    await Promise.all(
      this.members.map(async from => {
        const { client } = from;
        if (client === null) return;
        const changes = this.members.flatMap(to => this.#change(from, to) ?? []);
        const calls = changes.flatMap(change => change.calls);
        for (let start = 0; start < calls.length; start += callsMax) {
          for (const answer of await client.batch(calls.slice(start, start + callsMax)))
            if (!answer.ok) throw answer.error;
        }
        for (const { key, state } of changes) this.#applied.set(key, state);
      }),
    );
  }

  #change(from: Member, to: Member) {
    if (from === to || to.peerId === null) return null;
    const key = `${from.index},${to.index}`;
    const state = this.#links.link(from.index, to.index);
    const before = this.#applied.get(key) ?? { isFailed: false, delayMs: 0, lossRate: 0 };
    return isSame(before, state) ? null : { key, state, calls: callsFor(to.peerId, state) };
  }

  /**
   * A link that the plan has failed, or that loses all in one direction, is not dialled: its ends find each other when it is good again. One
   * whose ends do not run is not dialled either.
   */
  async #dial([low, high]: Edge): Promise<void> {
    const [a, b] = [this.member(low), this.member(high)];
    const { address } = a;
    const ways = [this.#links.link(low, high), this.#links.link(high, low)];
    const isShut = ways.some(({ isFailed, lossRate }) => isFailed || lossRate === 1);
    if (a.client === null || b.client === null || address === null || isShut) return;
    const { client } = b;
    await until(`${b.name} to reach ${a.name}`, connectMs, () =>
      client.call('net_addPeer', { address }, { timeoutMs: dialMs }).then(
        () => true,
        () => this.#isStopping,
      ),
    );
  }
}

async function startMining({ plan, client }: Member): Promise<void> {
  if (plan.role === 'node' && plan.hashRate > 0) await client?.call('miner_start', { threads: 1, rate: plan.hashRate });
}

function isSame(a: LinkState, b: LinkState): boolean {
  return a.isFailed === b.isFailed && a.delayMs === b.delayMs && a.lossRate === b.lossRate;
}

/** From any state to this one: to be fixed makes a link good, whatever it was. */
function callsFor(peer: string, { isFailed, delayMs, lossRate }: LinkState): readonly LinkCall[] {
  if (isFailed) return [{ method: 'net_failLink', params: { peer } }];
  const calls: LinkCall[] = [{ method: 'net_fixLink', params: { peer } }];
  if (delayMs > 0) calls.push({ method: 'net_delay', params: { peer, delayMs } });
  if (lossRate > 0) calls.push({ method: 'net_loss', params: { peer, lossRate } });
  return calls;
}
