/**
 * Hosts of their own for the members of a network: network namespaces, each with an address, joined by a switch that is in a namespace
 * too, so that nothing of this machine's own network is touched. Needs root and iproute2.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KvchainError } from '../../chain/errors.ts';
import { until } from '../until.ts';

const doorProgram = fileURLToPath(new URL('./door.js', import.meta.url));
const ipProgram = 'ip';
/** Inside a namespace every port is free. */
const p2pPort = 9_645;
const doorMs = 30_000;
const hostsPerNet = 250;

/** Where a member runs. */
export interface Host {
  /** What begins its command line. */
  readonly command: readonly string[];
  /** Where it listens for peers. */
  readonly address: string;
  /** Flags of kvchaind for its ports; none means free ones. */
  readonly portFlags: readonly string[];
  /** From its API's URL there, the URL here. */
  reach(url: string): Promise<string>;
}

/** This machine itself, on its loopback address. */
export const loopback: Host = { command: [], address: '127.0.0.1', portFlags: [], reach: async url => url };

export class Hosts {
  readonly #prefix = namePrefix(process.pid);
  readonly #folder = mkdtempSync(join(tmpdir(), 'kvchain-'));
  readonly #doors: ChildProcess[] = [];
  /** One a host, on a port of this machine that its API then has there too, for a daemon answers to its own address alone. */
  readonly #servers: Server[] = [];
  readonly #open = new Set<number>();

  /** Makes the namespaces. Error thrown: USAGE without root or iproute2. */
  static async open(count: number): Promise<Hosts> {
    const hosts = new Hosts();
    try {
      hosts.#makeSwitch();
      for (let index = 0; index < count; index++) {
        hosts.#makeHost(index);
        await hosts.#listenFor(index);
      }
    } catch (cause) {
      hosts.close();
      throw new KvchainError('USAGE', 'network namespaces cannot be made', {
        cause,
        action: 'Run it as root with iproute2 installed (apt-get install iproute2), or without --netns.',
      });
    }
    return hosts;
  }

  /** Whether this kernel can delay and lose packets by itself. */
  get hasNetem(): boolean {
    try {
      ip('netns', 'exec', this.#name(0), 'tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms');
      ip('netns', 'exec', this.#name(0), 'tc', 'qdisc', 'delete', 'dev', 'lo', 'root');
      return true;
    } catch {
      return false;
    }
  }

  host(index: number): Host {
    return {
      command: [ipProgram, 'netns', 'exec', this.#name(index)],
      address: addressOf(index),
      portFlags: ['--p2p-port', `${p2pPort}`, '--rpc-port', `${this.#rpcPort(index)}`],
      reach: async url => {
        await this.#openDoor(index);
        return url;
      },
    };
  }

  /** To be called when no member runs any more. */
  close(): void {
    for (const server of this.#servers) server.close();
    for (const door of this.#doors) door.kill('SIGKILL');
    removeHosts(process.pid);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #name(index: number): string {
    return `${this.#prefix}${index}`;
  }

  #makeSwitch(): void {
    const name = `${this.#prefix}switch`;
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'add', 'switch', 'type', 'bridge');
    ip('-n', name, 'link', 'set', 'switch', 'up');
  }

  /** A cable from the host to the switch. */
  #makeHost(index: number): void {
    const [name, center, port] = [this.#name(index), `${this.#prefix}switch`, `port${index}`];
    ip('netns', 'add', name);
    ip('link', 'add', 'net', 'netns', name, 'type', 'veth', 'peer', 'name', port, 'netns', center);
    ip('-n', center, 'link', 'set', port, 'master', 'switch', 'up');
    ip('-n', name, 'address', 'add', `${addressOf(index)}/16`, 'dev', 'net');
    for (const device of ['lo', 'net']) ip('-n', name, 'link', 'set', device, 'up');
  }

  /** The API listens on the loopback address of its namespace, and a door leads there: a socket in the file system, which all see. */
  async #openDoor(index: number): Promise<void> {
    if (this.#open.has(index)) return;
    this.#open.add(index);
    const place = ['netns', 'exec', this.#name(index), process.execPath, doorProgram];
    // In a group of its own, or Ctrl-C would close it before the members are stopped.
    const door = spawn(ipProgram, [...place, this.#socket(index), `${this.#rpcPort(index)}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    this.#doors.push(door);
    let isOpen = false;
    door.stdout.once('data', () => {
      isOpen = true;
    });
    await until(`the door to ${this.#name(index)}`, doorMs, async () => isOpen);
  }

  async #listenFor(index: number): Promise<void> {
    const server = createServer(outside => {
      const inside = connect(this.#socket(index));
      outside.on('error', () => inside.destroy()).pipe(inside);
      inside.on('error', () => outside.destroy()).pipe(outside);
    });
    this.#servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }

  #socket(index: number): string {
    return join(this.#folder, `${index}`);
  }

  #rpcPort(index: number): number {
    const address = this.#servers[index]?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
}

/** Removes the namespaces that a process of this id made; whoever still runs in them keeps them. */
export function removeHosts(pid: number): void {
  const names = namespaces().filter(name => name.startsWith(namePrefix(pid)));
  for (const name of names) ip('netns', 'delete', name);
}

function namespaces(): readonly string[] {
  try {
    return execFileSync(ipProgram, ['netns', 'list'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\n')
      .map(line => line.split(' ')[0] ?? '');
  } catch {
    return [];
  }
}

function namePrefix(pid: number): string {
  return `kvchain-${pid}-`;
}

function addressOf(index: number): string {
  return `10.213.${Math.floor(index / hostsPerNet)}.${1 + (index % hostsPerNet)}`;
}

function ip(...args: readonly string[]): void {
  execFileSync(ipProgram, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
