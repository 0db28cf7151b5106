/** Attackers that speak to a node through plain libp2p or plain TCP: what they lie about, flood, withhold or name, and what it gets them. */
import { type AddressInfo, connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import type { Stream } from '@libp2p/interface';
import { afterEach, expect, test } from 'vitest';
import { toUtf8 } from '../../chain/bytes.ts';
import { endLater, enter, frame, lies, startAttacker, stopAttackers } from './attacker.suite.ts';
import { chainA, connect, startNode, stopNodes, type TestNode, until } from './fixtures.suite.ts';
import { generateKeyPair, multiaddr, peerIdFromPrivateKey } from './libp2p.ts';
import { encodeExchangeAnswer, encodeQuestion, protocolNames } from './wire.ts';

const names = protocolNames(chainA);

afterEach(async () => {
  await stopAttackers();
  await stopNodes();
});

const doors = [
  ['status', names.status],
  ['sync', names.sync],
  ['consensus', names.consensus],
  ['peers', names.peers],
] as const;

test.each(lies)(
  'P6: %s bans at every door, and nothing is kept',
  async (_what, bytes) => {
    for (const [door, protocol] of doors) {
      const [node, attacker] = [await startNode(), await startAttacker()];
      const connection = door === 'status' ? await attacker.dial(multiaddr(node.address)) : await enter(attacker, node);
      const stream = await connection.newStream([protocol]);
      stream.send(Uint8Array.from(bytes));
      await until(`the connection is closed by ${door}`, () => connection.status !== 'open');
      await expect(enter(attacker, node)).rejects.toThrow();
      await stopNodes();
    }
  },
  60_000,
);

test.each([
  ['a drip of a byte at a time', 1],
  ['a frame that never ends', 1_000],
])('P6: %s is cut off in time', async (_what, bytesAtATime) => {
  const node = await startNode({ limits: { frameTimeoutMs: 400 } });
  const connection = await enter(await startAttacker(), node);
  const stream = await connection.newStream([names.sync]);
  stream.send(Uint8Array.of(0x80, 0x80, 0x10));
  await until(
    'the stream is closed',
    () => {
      if (stream.status === 'open') stream.send(new Uint8Array(bytesAtATime));
      return stream.status !== 'open';
    },
    5_000,
  );
});

test('who only opens and ends streams, as one who stops does, pays nothing', async () => {
  const [node, attacker] = [await startNode(), await startAttacker()];
  const connection = await enter(attacker, node);
  for (const protocol of [names.sync, names.consensus, names.peers]) {
    for (const bytes of [[], [0x80], [0x05, 0x01]]) {
      const stream = await connection.newStream([protocol]);
      if (bytes.length > 0) stream.send(Uint8Array.from(bytes));
      await stream.close();
      await until('it is ended', () => stream.status !== 'open');
    }
  }
  expect(node.network.peers().map(({ score }) => score)).toEqual([100]);
});

test('garbage instead of a status bans', async () => {
  const [node, attacker] = [await startNode(), await startAttacker()];
  node.refusal = 'BAD_ENCODING';
  const connection = await attacker.dial(multiaddr(node.address));
  const greeting = frame(await connection.newStream([names.status]));
  await greeting.write(toUtf8('garbage'));
  await until('the connection is closed', () => connection.status !== 'open');
  await expect(attacker.dial(multiaddr(node.address)).then(next => next.newStream([names.status]))).rejects.toThrow();
  expect(node.events).toEqual([]);
});

test('P11: nothing is served before the handshake, and who does not shake hands is dropped', async () => {
  const node = await startNode({ limits: { handshakeTimeoutMs: 1_500 } });
  const attacker = await startAttacker();
  attacker.services.gossip.subscribe(names.topics.blocks);
  const connection = await attacker.dial(multiaddr(node.address));
  let asked = 0;
  node.answer = async data => {
    asked += 1;
    return data;
  };
  for (const protocol of [names.sync, names.consensus, names.peers]) {
    const framed = frame(await connection.newStream([protocol]));
    await framed.write(toUtf8('let me in'));
  }
  await until(
    'it is dropped',
    () => {
      void attacker.services.gossip.publish(names.topics.blocks, toUtf8(`${Math.random()}`)); // A failure shows in the outcome.
      return connection.status !== 'open';
    },
    5_000,
  );
  expect([asked, node.messages.length, node.gossip.length, node.events.length]).toEqual([0, 0, 0, 0]);
});

test('P3: sockets that never encrypt are bounded, and good nodes come in when they are gone', async () => {
  const node = await startNode({ limits: { pendingConnectionsMax: 5 } });
  const port = Number(/\/tcp\/(\d+)/.exec(node.address)?.[1]);
  const sockets = Array.from({ length: 100 }, () => connectSocket({ host: '127.0.0.1', port }).on('error', () => {}));
  await until('most are closed', () => sockets.filter(socket => socket.closed).length >= 95);
  for (const socket of sockets) socket.destroy();
  await connect(await startNode(), node);
});

test('P3: connections are bounded, and the outbound places stay free', async () => {
  const [node, other] = [await startNode({ limits: { inboundPeersMax: 3 } }), await startNode()];
  await Promise.allSettled(Array.from({ length: 8 }, async () => enter(await startAttacker(), node)));
  expect(node.network.peers()).toHaveLength(3);
  expect(node.events).toHaveLength(3);
  await connect(node, other);
}, 60_000);

test('P3: streams are bounded, each by its deadline', async () => {
  const node = await startNode({ limits: { frameTimeoutMs: 1_000, streamsPerPeerMax: 24 } });
  const connection = await enter(await startAttacker(), node);
  const opened = await Promise.allSettled(
    Array.from({ length: 200 }, () => connection.newStream([names.sync], { maxOutboundStreams: 1_000 })),
  );
  const streams = opened.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
  await until('few are open', () => streams.filter(({ status }) => status === 'open').length <= 24);
  await until('none is open', () => streams.every(({ status }) => status !== 'open'), 5_000);
});

test('P9: who asks for much and reads nothing is dropped', async () => {
  const node = await startNode({ limits: { frameTimeoutMs: 500 } });
  node.answer = async () => new Uint8Array(4_194_304);
  const connection = await enter(await startAttacker(), node);
  const askForMuch = async () => {
    const stream = await connection.newStream([names.sync]);
    stream.pause();
    await frame(stream).write(toUtf8('a block please'));
  };
  // Some may come too late: the connection can be gone before all have asked.
  await Promise.allSettled(Array.from({ length: 12 }, askForMuch));
  await until('it is gone', () => connection.status !== 'open', 15_000);
}, 30_000);

test('P9: a peer that falls silent is dropped', async () => {
  const limits = { pingIntervalMs: 200, pingTimeoutMs: 3_000 };
  const [a, b] = [await startNode({ limits }), await startNode({ limits })];
  const proxy = await startProxy(b);
  await a.network.addPeer(`/ip4/127.0.0.1/tcp/${proxy.port}/p2p/${b.id}`);
  await until('they are peers', () => a.present.has(b.id) && b.present.has(a.id));
  proxy.freeze();
  await until('both notice', () => !a.present.has(b.id) && !b.present.has(a.id));
});

test('P12: addresses that a peer tells do not make a node knock elsewhere', async () => {
  const node = await startNode({ isPrivateAllowed: false });
  const attacker = await startAttacker();
  const id = peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString();
  const [named, plain] = [await startCanary(), await startCanary()];
  const addresses = [
    `/dns4/localhost/tcp/${named.port}/p2p/${id}`,
    `/ip4/127.0.0.1/tcp/22/p2p/${id}`,
    `/ip4/0.0.0.0/tcp/4001/p2p/${id}`,
    `/ip4/10.0.0.1/tcp/4001/p2p/${id}`,
    'nonsense',
    `/ip4/127.0.0.1/tcp/${plain.port}/p2p/${id}`,
  ];
  await attacker.handle(names.peers, async (stream: Stream) => {
    const framed = frame(stream);
    await framed.read(5_000);
    await framed.write(encodeExchangeAnswer({ addresses }));
    await framed.end();
  });
  await enter(attacker, node);
  // The node listens on loopback, so that loopback is where it dials; this one shows that it read the answer.
  await until('the plain address is dialled', () => plain.knocks() > 0);
  expect(named.knocks()).toBe(0);
  const dialled = node.logged.map(({ data }) => JSON.stringify(data)).join();
  for (const never of ['/tcp/22/', '0.0.0.0', '10.0.0.1', 'localhost']) expect(dialled).not.toContain(never);
});

test('P12: a host that names port after port does not push a peer out of the address book', async () => {
  const honest = await startNode();
  let book: readonly string[] = [honest.address];
  const addressBook = {
    load: async () => book,
    save: async (addresses: readonly string[]) => {
      book = addresses;
    },
  };
  const node = await startNode({ addressBook, limits: { candidatesMax: 8 } });
  await until('they are peers', () => node.present.has(honest.id));
  for (let identity = 0; identity < 3; identity++) {
    const connection = await enter(await startAttacker(), node);
    for (let question = 0; question < 4; question++) {
      const framed = frame(await connection.newStream([names.peers]));
      const ports = [0, 1, 2, 3].map(index => 20_000 + identity * 100 + question * 4 + index);
      await framed.write(encodeQuestion({ ports }));
      await framed.end();
      expect(await framed.read(5_000)).not.toBeNull();
    }
  }
  await node.network.stop();
  expect(book).toEqual([honest.address]);
});

test('P11: one identity has one connection, however often it comes', async () => {
  const node = await startNode();
  const attacker = await startAttacker();
  const id = attacker.peerId.toString();
  for (let time = 1; time <= 3; time++) await enter(attacker, node);
  // Whoever dials again has lost what it had, so the newer one stays.
  const events = [`came ${id}`, `went ${id}`, `came ${id}`, `went ${id}`, `came ${id}`];
  await until(
    'the others are gone',
    () => node.events.length === events.length && attacker.getConnections().length < 2,
  );
  expect(node.events).toEqual(events);
  expect(node.network.peers().length).toBe(1);
});

interface Canary {
  readonly port: number;
  knocks(): number;
}

/** A server that counts who comes. */
async function startCanary(): Promise<Canary> {
  let knocks = 0;
  const server = createServer(socket => {
    knocks += 1;
    socket.on('error', () => {}).destroy();
  });
  const port = await listen(server);
  return { port, knocks: () => knocks };
}

/** Stands between two nodes until it freezes: then nothing passes, and no connection ends. */
async function startProxy(node: TestNode): Promise<{ readonly port: number; freeze(): void }> {
  const port = Number(/\/tcp\/(\d+)/.exec(node.address)?.[1]);
  const sockets: Socket[] = [];
  const server = createServer(inner => {
    const outer = connectSocket({ host: '127.0.0.1', port });
    for (const socket of [inner, outer]) {
      sockets.push(socket);
      socket.on('error', () => {});
    }
    inner.on('data', data => outer.write(data));
    outer.on('data', data => inner.write(data));
  });
  endLater({
    stop: () => {
      for (const socket of sockets) socket.destroy();
    },
  });
  return {
    port: await listen(server),
    freeze: () => {
      for (const socket of sockets) socket.removeAllListeners('data').pause();
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  endLater({
    stop: () => {
      server.close();
    },
  });
  const { port } = server.address() as AddressInfo;
  return port;
}
