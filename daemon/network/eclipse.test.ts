/** An attacker of many identities fills a victim's places and its address book, and the victim restarts again and again. */
import { randomBytes } from 'node:crypto';
import { afterEach, test } from 'vitest';
import { startNode, stopNodes, type TestNode, until } from './fixtures.suite.ts';

afterEach(stopNodes);

const restarts = 50;
/** Small tables, so that a dozen identities are many. */
const tables = { outboundPeersTarget: 3, inboundPeersMax: 4, anchorsMax: 2 };
/** They wait to be dialled: whether there is an honest link is up to the victim alone. */
const waiting = { limits: { outboundPeersTarget: 0 } };
const identities = 12;
const limitMs = 240_000;

test(
  'P1: a node keeps a link to an honest peer over 50 restarts, though an attacker has most of its address book and all its inbound places',
  async () => {
    const honest = await Promise.all(Array.from({ length: 3 }, () => startNode(waiting)));
    const eclipsers = await Promise.all(Array.from({ length: identities }, () => startNode(waiting)));
    let book: readonly string[] = [];
    const poisoned = () => [...book, ...eclipsers.map(({ address }) => address).filter(text => !book.includes(text))];
    const addressBook = {
      load: async () => (book.length === 0 ? [] : poisoned()),
      save: async (addresses: readonly string[]) => {
        book = addresses;
      },
    };
    const identity = randomBytes(32);
    const first = await startNode({ identity, addressBook, limits: tables, bootstrap: honest.map(addressOf) });
    await until('the victim has its first peers', () => outboundOf(first) === tables.outboundPeersTarget);
    // The same place every time, where the attacker waits for it.
    const listen = [first.address.replace(/\/p2p\/.*/, '')];
    await first.network.stop();
    for (let restart = 1; restart <= restarts; restart++) {
      const victim = await startNode({ identity, addressBook, listen, limits: tables });
      const surrounding = Promise.allSettled(eclipsers.map(({ network }) => network.addPeer(victim.address)));
      await until('its tables are full', () => outboundOf(victim) >= tables.outboundPeersTarget, 30_000);
      await until(`an honest link, restart ${restart}`, () => honest.some(({ id }) => victim.present.has(id)));
      await victim.network.stop();
      await surrounding;
    }
  },
  limitMs,
);

function outboundOf({ network }: TestNode): number {
  return network.peers().filter(({ direction }) => direction === 'outbound').length;
}

function addressOf({ address }: TestNode): string {
  return address;
}
