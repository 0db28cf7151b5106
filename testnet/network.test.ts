import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import type { DaemonProcess } from './daemon-process.ts';
import { genesisOf, mining } from './real-network.suite.ts';
import { until } from './until.ts';

const limitMs = 90_000;

async function peerIdOf(daemon: DaemonProcess): Promise<string> {
  return (await daemon.client.call('net_info', {})).peerId;
}

async function knows(daemon: DaemonProcess, peers: readonly string[]): Promise<boolean> {
  const { peers: connected } = await daemon.client.call('net_peers', {});
  const ids = new Set(connected.map(({ id }) => id));
  return peers.every(peer => ids.has(peer));
}

async function heightOf(daemon: DaemonProcess): Promise<number> {
  return (await daemon.client.call('chain_status', {})).height;
}

describe('daemons that know only the first one', () => {
  let cluster: Cluster;
  let daemons: readonly DaemonProcess[] = [];

  beforeAll(async () => {
    cluster = await Cluster.create(genesisOf({ name: 'four', zeroBits: 13 }));
    const first = await cluster.start('first', mining);
    const joining = ['--bootstrap', await first.address()];
    const others = await Promise.all(['second', 'third', 'fourth'].map(name => cluster.start(name, joining)));
    daemons = [first, ...others];
  }, limitMs);

  afterAll(() => cluster.close(), limitMs);

  it(
    'know each other within 10 s',
    async () => {
      const ids = await Promise.all(daemons.map(peerIdOf));
      await until('everyone to know everyone', 10_000, async () => {
        const complete = await Promise.all(
          daemons.map((daemon, index) =>
            knows(
              daemon,
              ids.filter((_, other) => other !== index),
            ),
          ),
        );
        return !complete.includes(false);
      });
    },
    limitMs,
  );

  it(
    'agree on the chain that one of them mines',
    async () => {
      await until('a block on all four', limitMs, async () => {
        const heights = await Promise.all(daemons.map(heightOf));
        return Math.min(...heights) >= 2;
      });
      const [first, ...others] = daemons;
      const headers = await first?.client.call('chain_getHeaders', { from: 1, limit: 2 });
      for (const other of others) {
        expect((await other.client.call('chain_getHeaders', { from: 1, limit: 2 })).headers).toEqual(headers?.headers);
      }
    },
    limitMs,
  );

  it(
    'find each other again after a start without an address',
    async () => {
      const [first, , , fourth] = daemons;
      if (first === undefined || fourth === undefined) throw new Error('four daemons run');
      expect(await fourth.stop()).toBe(0);
      const again = await cluster.start('fourth', []);
      daemons = [...daemons.slice(0, 3), again];
      const ids = await Promise.all(daemons.slice(0, 3).map(peerIdOf));
      await until('the others to be known again', limitMs, () => knows(again, ids));
      const seen = await heightOf(first);
      await until('blocks to arrive again', limitMs, async () => (await heightOf(again)) > seen);
    },
    limitMs,
  );

  it(
    'refuse a daemon of another chain in words, and it is told so',
    async () => {
      const [first] = daemons;
      if (first === undefined) throw new Error('the first runs');
      const foreign = await Cluster.create(genesisOf({ name: 'another', zeroBits: 13 }));
      try {
        const stranger = await foreign.start('stranger', ['--bootstrap', await first.address()]);
        const strangerId = await peerIdOf(stranger);
        const chainId = (await stranger.client.call('chain_status', {})).chainId;
        await until('both to tell', limitMs, async () => {
          return [first, stranger].every(({ log }) => log.includes('WRONG_NETWORK'));
        });
        expect(first.log + stranger.log).toContain(chainId);
        expect(await knows(first, [strangerId])).toBe(false);
        expect((await stranger.client.call('net_peers', {})).peers).toEqual([]);
      } finally {
        await foreign.close();
      }
    },
    limitMs,
  );
});

describe('a daemon that is killed during a long sync', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.create(genesisOf({ name: 'long', zeroBits: 0 }));
  });

  afterAll(() => cluster.close(), limitMs);

  it(
    'goes on from the blocks that it has, and ends at the same head',
    async () => {
      const source = await cluster.start('source', ['--mine', '--mine-threads', '1']);
      await until('a chain of 400 blocks', limitMs, async () => (await heightOf(source)) >= 400);
      await source.client.call('miner_stop', {});
      const joining = ['--bootstrap', await source.address()];
      const first = await cluster.start('late', joining);
      const reached = await until('part of the chain', limitMs, async () => {
        const height = await heightOf(first);
        return height > 0 && height;
      });
      await first.kill();
      const second = await cluster.start('late', joining);
      const ready = await until('its first line', limitMs, async () =>
        /"height":(\d+).*"node is ready"/.exec(second.log),
      );
      expect(Number(ready[1])).toBeGreaterThanOrEqual(reached);
      const head = await source.client.call('chain_status', {});
      await until('the same head', limitMs, async () => {
        const { headHash, stateRoot } = await second.client.call('chain_status', {});
        return headHash === head.headHash && stateRoot === head.stateRoot;
      });
    },
    limitMs,
  );
});
