import { describe, expect, it } from 'vitest';
import { toUtf8 } from '../../chain/bytes.ts';
import { type ErrorCode, KvchainError } from '../../chain/errors.ts';
import type { GossipVerdict, NetworkHandlers, PeerId } from '../../daemon/ports.ts';
import { Chance } from './chance.ts';
import { connectionLimits } from './connections.ts';
import { Life, SimulatedClock } from './life.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { rest, VirtualTime } from './virtual-time.ts';
import { type Weather, Wires } from './wires.ts';

const calm: Weather = { delayMs: 10, jitterMs: 0, lossProbability: 0, duplicationProbability: 0, lateProbability: 0 };
const text = (data: Uint8Array) => new TextDecoder().decode(data);

interface Machine {
  readonly network: SimulatedNetwork;
  readonly life: Life;
  /** What the network called, in its order. */
  readonly calls: string[];
  /** What the handlers answer. */
  readonly answers: { status: ErrorCode | null; gossip: GossipVerdict; request: () => Promise<Uint8Array> };
  readonly penalties: string[];
}

class Lab {
  readonly time = new VirtualTime();
  readonly wires: Wires;
  readonly machines = new Map<PeerId, Machine>();

  constructor(weather: Partial<Weather> = {}) {
    this.wires = new Wires(this.time, new Chance(1n, 'wires'), { ...calm, ...weather });
  }

  async start(self: PeerId, bootstrap: readonly PeerId[] = []): Promise<Machine> {
    const life = new Life(this.time);
    const clock = new SimulatedClock(this.time, life, { startMs: 0, rate: 1 });
    const penalties: string[] = [];
    const network = new SimulatedNetwork({
      self,
      wires: this.wires,
      life,
      clock,
      chance: new Chance(1n, self),
      bootstrap,
      onPenalty: (peer, { code }) => penalties.push(`${peer} ${code}`),
      onFault: error => penalties.push(`fault ${String(error)}`),
      onAsk: () => {},
      onBlock: () => {},
      onStatus: () => {},
      onMessage: () => {},
      isDisorderly: false,
    });
    const answers: Machine['answers'] = { status: null, gossip: 'accept', request: async () => toUtf8('answer') };
    const calls: string[] = [];
    const machine: Machine = { network, life, calls, answers, penalties };
    this.machines.set(self, machine);
    await network.start(handlersOf(self, machine));
    return machine;
  }

  async run(ms: number): Promise<void> {
    let isOver = false;
    this.time.after(ms, () => {
      isOver = true;
    });
    while (!isOver) await this.time.step();
  }
}

function handlersOf(self: PeerId, { calls, answers }: Machine): NetworkHandlers {
  return {
    localStatus: () => toUtf8(`status of ${self}`),
    onStatus: (peer, status) => {
      calls.push(`status ${peer}: ${text(status)}`);
      return answers.status && { code: answers.status, detail: 'refused' };
    },
    onPeer: peer => calls.push(`peer ${peer}`),
    onPeerGone: peer => calls.push(`gone ${peer}`),
    onGossip: async (topic, from, data) => {
      calls.push(`${topic} ${from}: ${text(data)}`);
      return answers.gossip;
    },
    onRequest: async (peer, data) => {
      calls.push(`request ${peer}: ${text(data)}`);
      return answers.request();
    },
    onMessage: (peer, data) => calls.push(`message ${peer}: ${text(data)}`),
  };
}

async function pair(weather: Partial<Weather> = {}) {
  const lab = new Lab(weather);
  const b = await lab.start('b');
  const a = await lab.start('a', ['b']);
  await lab.run(100);
  return { lab, a, b };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof KvchainError ? error.code : String(error)),
  );

describe('the handshake', () => {
  it('shows each side the status of the other, then tells both of the peer, once', async () => {
    const { a, b } = await pair();
    expect(a.calls).toEqual(['status b: status of b', 'peer b']);
    expect(b.calls).toEqual(['status a: status of a', 'peer a']);
    expect(a.network.peers().map(({ id, direction }) => `${direction} ${id}`)).toEqual(['outbound b']);
    expect(b.network.peers().map(({ id, direction }) => `${direction} ${id}`)).toEqual(['inbound a']);
  });

  it('tells neither side of a peer that one of them refuses', async () => {
    for (const refuser of ['a', 'b']) {
      const lab = new Lab();
      const b = await lab.start('b');
      const a = await lab.start('a', ['b']);
      (refuser === 'a' ? a : b).answers.status = 'WRONG_NETWORK';
      await lab.run(10_000);
      expect([...a.calls, ...b.calls].filter(call => call.startsWith('peer') || call.startsWith('gone'))).toEqual([]);
      expect(a.network.peers()).toEqual([]);
      expect(b.network.peers()).toEqual([]);
    }
  });

  it('dials again until the other side is there', async () => {
    const lab = new Lab();
    const a = await lab.start('a', ['b']);
    await lab.run(30_000);
    expect(a.calls).toEqual([]);
    await lab.start('b');
    await lab.run(connectionLimits.redialMaxMs + connectionLimits.handshakeTimeoutMs + 100);
    expect(a.calls).toEqual(['status b: status of b', 'peer b']);
  });
});

describe('a cut link', () => {
  const untilNoticed = connectionLimits.silenceMs + 2 * connectionLimits.heartbeatMs + 100;

  it('is noticed by silence, and the connection comes back when it is mended', async () => {
    const { lab, a, b } = await pair();
    lab.wires.partition([['a'], ['b']]);
    await lab.run(untilNoticed);
    expect(a.calls.at(-1)).toBe('gone b');
    expect(b.calls.at(-1)).toBe('gone a');
    lab.wires.mend();
    await lab.run(connectionLimits.redialMaxMs + connectionLimits.handshakeTimeoutMs + 100);
    expect(a.calls.at(-1)).toBe('peer b');
    expect(b.calls.at(-1)).toBe('peer a');
  });

  it('in one direction lets the other direction pass, until the silent side is given up', async () => {
    const { lab, a, b } = await pair();
    lab.wires.cut('a', 'b');
    await a.network.publish('blocks', toUtf8('from a'));
    await b.network.publish('blocks', toUtf8('from b'));
    await lab.run(100);
    expect(b.calls).not.toContain('blocks a: from a');
    expect(a.calls).toContain('blocks b: from b');
    await lab.run(untilNoticed);
    expect(a.network.peers()).toEqual([]);
    expect(b.network.peers()).toEqual([]);
  });

  it('stops what is under way', async () => {
    const { lab, a, b } = await pair();
    await a.network.publish('blocks', toUtf8('late'));
    lab.wires.cut('a', 'b');
    await lab.run(100);
    expect(b.calls).not.toContain('blocks a: late');
  });
});

describe('a killed machine', () => {
  it('says nothing more, is noticed, and is a new peer when it is back', async () => {
    const { lab, a, b } = await pair();
    b.life.end();
    await b.network.publish('blocks', toUtf8('from the dead'));
    b.network.send('a', toUtf8('from the dead'));
    const again = await lab.start('b');
    await lab.run(connectionLimits.redialMaxMs + connectionLimits.silenceMs);
    expect(a.calls).toEqual(['status b: status of b', 'peer b', 'gone b', 'status b: status of b', 'peer b']);
    expect(again.calls).toEqual(['status a: status of a', 'peer a']);
  });
});

describe('gossip', () => {
  async function line() {
    const lab = new Lab();
    const c = await lab.start('c');
    const b = await lab.start('b', ['c']);
    const a = await lab.start('a', ['b']);
    await lab.run(100);
    return { lab, a, b, c };
  }

  it('is passed on when the node accepts it, and not when it ignores it', async () => {
    const { lab, a, b, c } = await line();
    await a.network.publish('transactions', toUtf8('good'));
    await lab.run(100);
    b.answers.gossip = 'ignore';
    await a.network.publish('transactions', toUtf8('known'));
    await lab.run(100);
    expect(c.calls.filter(call => call.startsWith('transactions'))).toEqual(['transactions b: good']);
  });

  it('reaches the node once, however often it comes', async () => {
    const { lab, a, b } = await pair({ duplicationProbability: 1 });
    await a.network.publish('blocks', toUtf8('block'));
    await a.network.publish('blocks', toUtf8('block'));
    await b.network.publish('blocks', toUtf8('block'));
    await lab.run(100);
    expect(b.calls.filter(call => call.startsWith('blocks')).length).toBeLessThanOrEqual(1);
    expect(lab.wires.traffic.duplicated).toBeGreaterThan(0);
  });

  it('costs its forwarder when the node rejects it, down to a ban', async () => {
    const { lab, a, b } = await pair();
    b.answers.gossip = 'reject';
    for (let index = 0; index < 5; index++) {
      await a.network.publish('blocks', toUtf8(`bad ${index}`));
      await lab.run(100);
    }
    expect(b.penalties).toEqual(Array.from({ length: 5 }, () => 'a BAD_MESSAGE'));
    expect(b.calls.at(-1)).toBe('gone a');
    await lab.run(60_000);
    expect(b.network.peers()).toEqual([]);
  });

  it('is not remembered as sent while there is nobody to send it to', async () => {
    const lab = new Lab();
    const a = await lab.start('a', ['b']);
    await a.network.publish('blocks', toUtf8('block'));
    const b = await lab.start('b');
    await lab.run(20_000);
    await a.network.publish('blocks', toUtf8('block'));
    await lab.run(100);
    expect(b.calls).toContain('blocks a: block');
  });
});

describe('requests', () => {
  it('bring the answer', async () => {
    const { lab, a, b } = await pair();
    const answer = a.network.request('b', toUtf8('question'), 1_000);
    await lab.run(100);
    expect(text(await answer)).toBe('answer');
    expect(b.calls).toContain('request a: question');
  });

  it('time out when the packet or its answer is lost, after exactly that time', async () => {
    const { lab, a } = await pair();
    lab.wires.weather = { ...calm, lossProbability: 1 };
    const sentMs = lab.time.nowMs;
    let endedMs = 0;
    const code = codeOf(a.network.request('b', toUtf8('question'), 1_000)).then(found => {
      endedMs = lab.time.nowMs;
      return found;
    });
    await lab.run(2_000);
    expect(await code).toBe('PEER_TIMEOUT');
    expect(endedMs - sentMs).toBe(1_000);
  });

  it('tell the code with which the peer refuses', async () => {
    const { lab, a, b } = await pair();
    b.answers.request = async () => {
      throw new KvchainError('RATE_EXCEEDED', 'too many');
    };
    const code = codeOf(a.network.request('b', toUtf8('question'), 1_000));
    await lab.run(100);
    expect(await code).toBe('RATE_EXCEEDED');
    expect(b.penalties).toEqual(['a RATE_EXCEEDED']);
    expect(b.network.peers()[0]?.score).toBeCloseTo(90, 1);
  });

  it('that are nonsense end the connection', async () => {
    const { lab, a, b } = await pair();
    b.answers.request = async () => {
      throw new KvchainError('BAD_MESSAGE', 'nonsense');
    };
    const code = codeOf(a.network.request('b', toUtf8('question'), 1_000));
    await lab.run(100);
    expect(await code).toBe('PEER_TIMEOUT');
    expect(b.penalties).toEqual(['a BAD_MESSAGE']);
    expect(b.network.peers()).toEqual([]);
  });

  it('end with the connection, and are refused where there is none', async () => {
    const { lab, a, b } = await pair();
    b.answers.request = () => new Promise(() => {});
    const waiting = codeOf(a.network.request('b', toUtf8('question'), 60_000));
    await lab.run(100);
    await a.network.removePeer('b');
    await rest();
    expect(await waiting).toBe('PEER_TIMEOUT');
    expect(await codeOf(a.network.request('b', toUtf8('question'), 60_000))).toBe('NOT_FOUND');
  });
});

describe('messages', () => {
  it('arrive in order, each at most once, while some are lost', async () => {
    const { lab, a, b } = await pair();
    lab.wires.weather = {
      delayMs: 1,
      jitterMs: 50,
      lossProbability: 0.2,
      duplicationProbability: 0.5,
      lateProbability: 0,
    };
    for (let index = 100; index < 200; index++) a.network.send('b', toUtf8(String(index)));
    await lab.run(1_000);
    const received = b.calls.filter(call => call.startsWith('message')).map(call => Number(call.slice(-3)));
    expect(received).toEqual([...new Set(received)].sort((one, other) => one - other));
    expect(received.length).toBeGreaterThan(0);
    expect(received.length).toBeLessThan(100);
  });

  it('go nowhere without a connection', async () => {
    const lab = new Lab();
    const a = await lab.start('a');
    const b = await lab.start('b');
    a.network.send('b', toUtf8('hello'));
    await lab.run(100);
    expect(b.calls).toEqual([]);
  });
});

describe('the wires', () => {
  it('deliver later packets before earlier ones when chance has it', async () => {
    const { lab, a, b } = await pair();
    lab.wires.weather = { ...calm, jitterMs: 100 };
    for (let index = 100; index < 120; index++) await a.network.publish('blocks', toUtf8(String(index)));
    await lab.run(1_000);
    const received = b.calls.filter(call => call.startsWith('blocks')).map(call => Number(call.slice(-3)));
    expect(received).toHaveLength(20);
    expect(received).not.toEqual([...received].sort((one, other) => one - other));
  });

  it('lose about as many packets as they are told to', async () => {
    const { lab, a } = await pair();
    lab.wires.weather = { ...calm, lossProbability: 0.25 };
    for (let index = 0; index < 1_000; index++) await a.network.publish('blocks', toUtf8(String(index)));
    expect(lab.wires.traffic.lost).toBeGreaterThan(190);
    expect(lab.wires.traffic.lost).toBeLessThan(310);
  });

  it('give each machine bytes of its own', async () => {
    const { lab, a, b } = await pair();
    const data = toUtf8('block');
    await a.network.publish('blocks', data);
    await lab.run(100);
    data.fill(0);
    expect(b.calls).toContain('blocks a: block');
  });
});
