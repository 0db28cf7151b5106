/** Links that fail, delay and lose on purpose: nothing either way, late but in order, and gone. */
import { afterEach, describe, expect, it, test } from 'vitest';
import { fromUtf8, toUtf8 } from '../../chain/bytes.ts';
import { ManualClock, settle } from '../manual-clock.suite.ts';
import { systemClock, systemRandom } from '../system.ts';
import { connect, startNode, stopNodes, type TestNode, until } from './fixtures.suite.ts';
import { guideSends } from './gossip.ts';
import { networkLimits } from './limits.ts';
import { Links } from './links.ts';

const second = 1_000;

/** Links whose chance is this byte, four times. */
function linksAt(chance: number) {
  const clock = new ManualClock(0);
  const links = new Links({ clock, random: { bytes: length => new Uint8Array(length).fill(chance) } });
  const sent: string[] = [];
  const outlet = links.outlet('them');
  return { clock, links, sent, outlet, send: (text: string) => outlet.send(text.length, () => sent.push(text)) };
}

describe('an outlet', () => {
  it('sends at once on a good link, and throws what sending throws', () => {
    const { sent, send, outlet } = linksAt(0);
    send('a');
    expect(sent).toEqual(['a']);
    expect(() =>
      outlet.send(1, () => {
        throw new Error('the stream is gone');
      }),
    ).toThrow('gone');
  });

  it('sends later on a slow link, in order when the delay shrinks, and goes on after a stream that broke', async () => {
    const { clock, links, sent, send, outlet } = linksAt(0);
    links.set('them', { delayMs: 300 });
    send('a');
    outlet.send(1, () => {
      throw new Error('the stream is gone');
    });
    links.set('them', { delayMs: 0 });
    send('b');
    const idle = outlet.idle().then(() => sent.push('idle'));
    clock.advance(299);
    expect(sent).toEqual([]);
    clock.advance(2);
    await idle;
    expect(sent).toEqual(['a', 'b', 'idle']);
    send('c');
    expect(sent.at(-1)).toBe('c');
  });

  it.each([
    [0, 0.1, []],
    [128, 0.5, ['a']],
    [127, 0.5, []],
    [255, 1, []],
    [0, 0, ['a']],
  ])('by chance byte %i and loss %d sends %j', (chance, lossRate, expected) => {
    const { links, sent, send } = linksAt(chance);
    links.set('them', { lossRate });
    send('a');
    expect(sent).toEqual(expected);
  });

  it('has no room while as much waits as may, and tells when it has', async () => {
    const { clock, links, sent, outlet } = linksAt(0);
    const half = networkLimits.delayedBytesMax / 2;
    links.set('them', { delayMs: 300 });
    outlet.send(half, () => sent.push('a'));
    expect([outlet.hasRoom, outlet.waitingBytes]).toEqual([true, half]);
    clock.advance(100);
    outlet.send(half, () => sent.push('b'));
    expect(outlet.hasRoom).toBe(false);
    const room = outlet.room().then(() => sent.push('room'));
    const idle = outlet.idle().then(() => sent.push('idle'));
    clock.advance(200);
    await room;
    expect([outlet.hasRoom, outlet.waitingBytes]).toEqual([true, half]);
    clock.advance(100);
    await idle;
    expect(sent).toEqual(['a', 'room', 'b', 'idle']);
  });

  it('answers gossip that there is no room, tells it of room, and ends a stream for which too much waits', async () => {
    const { clock, links, sent, outlet } = linksAt(0);
    const stream = {
      writableNeedsDrain: false,
      send: ({ byteLength }: { readonly byteLength: number }) => sent.push(`${byteLength} bytes`) > 0,
      abort: () => void sent.push('aborted'),
      safeDispatchEvent: (type: string) => sent.push(type) > 0,
    };
    const { delayedBytesMax } = networkLimits;
    guideSends(stream, outlet, 2 * delayedBytesMax);
    links.set('them', { delayMs: 300 });
    expect(stream.send(new Uint8Array(delayedBytesMax - 1))).toBe(true);
    expect(stream.send(new Uint8Array(1))).toBe(false);
    clock.advance(300);
    await settle('the stream drains', () => sent.includes('drain'));
    expect(sent).toEqual([`${delayedBytesMax - 1} bytes`, '1 bytes', 'drain']);
    expect(stream.send(new Uint8Array(2 * delayedBytesMax))).toBe(false);
    expect(() => stream.send(new Uint8Array(1))).toThrow('holds 8388608 bytes back');
    expect(sent.at(-1)).toBe('aborted');
  });

  it('keeps faults apart from peer to peer, and knows no good link', () => {
    const { links, sent, send } = linksAt(0);
    links.set('others', { lossRate: 1 });
    send('a');
    expect(sent).toEqual(['a']);
    expect(links.faulty()).toEqual([{ peer: 'others', isFailed: false, delayMs: 0, lossRate: 1 }]);
    links.set('others', { lossRate: 0 });
    expect(links.faulty()).toEqual([]);
  });

  it('has a limit for links with faults', () => {
    const { links } = linksAt(0);
    for (let peer = 0; peer < 1_024; peer++) links.set(`peer ${peer}`, { isFailed: true });
    expect(() => links.set('one more', { isFailed: true })).toThrow('1024 links have faults already');
    expect(links.set('peer 3', { isFailed: false }).isFailed).toBe(false);
  });
});

/** The gossip that came, but for the probes. */
function heard(node: TestNode): readonly Uint8Array[] {
  return node.gossip.map(({ data }) => data).filter(data => !fromUtf8(data)?.startsWith('probe'));
}

describe('two nodes', () => {
  afterEach(stopNodes);

  async function pair(): Promise<{ readonly a: TestNode; readonly b: TestNode; readonly links: Links }> {
    const links = new Links({ clock: systemClock, random: systemRandom });
    const [a, b] = [await startNode({ links }), await startNode()];
    await connect(a, b);
    let probes = 0;
    await until('gossip flows', () => {
      void a.network.publish('blocks', toUtf8(`probe ${probes++}`)); // A failure shows as a time-out.
      return b.gossip.length > 0;
    });
    return { a, b, links };
  }

  test('a link that failed at one side carries nothing either way, and is refused until it is mended', async () => {
    const { a, b, links } = await pair();
    links.set(b.id, { isFailed: true });
    await until('both miss each other', () => !a.present.has(b.id) && !b.present.has(a.id));
    await expect(a.network.addPeer(b.address)).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await expect(b.network.addPeer(a.address)).rejects.toThrow();
    await a.network.publish('blocks', toUtf8('unheard'));
    expect([a.network.peers(), b.network.peers(), heard(b)]).toEqual([[], [], []]);
    links.set(b.id, { isFailed: false });
    await until('both are peers again', () => a.present.has(b.id) && b.present.has(a.id), 30 * second);
  }, 60_000);

  test('a slow link holds gossip, requests and messages back, and loses none', async () => {
    const { a, b, links } = await pair();
    links.set(b.id, { delayMs: 400 });
    const startMs = performance.now();
    a.network.send(b.id, toUtf8('one'));
    a.network.send(b.id, toUtf8('two'));
    await a.network.publish('blocks', toUtf8('block'));
    expect(await a.network.request(b.id, toUtf8('question'), 10 * second)).toEqual(toUtf8('question'));
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(399);
    await until('all to arrive', () => b.messages.length === 2 && heard(b).length === 1);
    expect(b.messages.map(({ data }) => data)).toEqual([toUtf8('one'), toUtf8('two')]);
  }, 60_000);

  test('a link that loses everything delivers nothing, costs nobody, and works again when it is mended', async () => {
    const { a, b, links } = await pair();
    links.set(b.id, { lossRate: 1 });
    a.network.send(b.id, toUtf8('lost'));
    await a.network.publish('blocks', toUtf8('lost'));
    await expect(a.network.request(b.id, toUtf8('lost'), 2 * second)).rejects.toMatchObject({ code: 'PEER_TIMEOUT' });
    links.set(b.id, { lossRate: 0 });
    a.network.send(b.id, toUtf8('heard'));
    await until('it to arrive', () => b.messages.length > 0);
    expect([b.messages.map(({ data }) => data), heard(b)]).toEqual([[toUtf8('heard')], []]);
    expect([...a.network.peers(), ...b.network.peers()].map(({ score }) => score)).toEqual([100, 100]);
  }, 60_000);
});
