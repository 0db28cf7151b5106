/**
 * An attacker of many identities around one victim over real sockets: it has most of the victim's address book, and dials all its inbound
 * places whenever the victim starts (P1). For the test beside, and for the duel without anchors (testnet/mutants).
 */
import { randomBytes } from 'node:crypto';
import { startNode, stopNodes, type TestNode, until } from './fixtures.suite.ts';

/** Small tables, so that a few identities are enough to fill all of them. */
const tables = { outboundPeersTarget: 2, inboundPeersMax: 2, anchorsMax: 1 };
/** They wait to be dialled: whether there is an honest link is up to the victim alone. */
const waiting = { limits: { outboundPeersTarget: 0 } };
const waiters = tables.outboundPeersTarget + 1;

/** Restarts the victim so many times; tells after which of them it had no link to an honest node though its tables were full, or null. */
export async function eclipsedAfter(restarts: number): Promise<number | null> {
  try {
    return await surround(restarts);
  } finally {
    await stopNodes();
  }
}

async function surround(restarts: number): Promise<number | null> {
  const honest = await startMany(tables.outboundPeersTarget);
  const eclipsers = await startMany(waiters);
  // Others than those in the book: whom the victim is linked with already it does not dial, which would protect it.
  const dialers = await startMany(tables.inboundPeersMax);
  let book: readonly string[] = [];
  const addressBook = {
    load: async () => (book.length === 0 ? [] : [...new Set([...book, ...eclipsers.map(addressOf)])]),
    save: async (addresses: readonly string[]) => {
      book = addresses;
    },
  };
  const identity = randomBytes(32);
  const first = await startNode({ identity, addressBook, limits: tables, bootstrap: honest.map(addressOf) });
  await until('the victim has its first peers', () => hasAllOutbound(first));
  // The same place every time, where the attacker waits for it.
  const listen = [first.address.replace(/\/p2p\/.*/, '')];
  await first.network.stop();
  for (let restart = 1; restart <= restarts; restart++) {
    const victim = await startNode({ identity, addressBook, listen, limits: tables });
    await Promise.allSettled(dialers.map(({ network }) => network.addPeer(victim.address)));
    await until('the tables of the victim are full', () => hasAllOutbound(victim), 30_000);
    const hasHonestLink = honest.some(({ id }) => victim.present.has(id));
    await victim.network.stop();
    if (!hasHonestLink) return restart;
  }
  return null;
}

function startMany(count: number): Promise<TestNode[]> {
  return Promise.all(Array.from({ length: count }, () => startNode(waiting)));
}

function hasAllOutbound({ network }: TestNode): boolean {
  const outbound = network.peers().filter(({ direction }) => direction === 'outbound');
  return outbound.length >= tables.outboundPeersTarget;
}

function addressOf({ address }: TestNode): string {
  return address;
}
