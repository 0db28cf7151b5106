/** One node with mDNS and without bootstrap addresses, for mdns.test.ts: prints its id and each peer's, a line each, until it is killed. */
import '../../daemon/polyfill.ts';
import { randomBytes } from 'node:crypto';
import { createLibp2pNetwork } from '../../daemon/network/network.ts';

const [address = ''] = process.argv.slice(2);
const status = new Uint8Array([1]);

const network = await createLibp2pNetwork({
  identity: randomBytes(32),
  listen: [`/ip4/${address}/tcp/0`],
  bootstrap: [],
  chainIdHex: 'aa'.repeat(32),
  isMdnsOn: true,
  isPrivateAllowed: false,
  addressBook: { load: async () => [], save: async () => {} },
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimer: (afterMs, callback) => {
      const timer = setTimeout(callback, afterMs);
      return () => clearTimeout(timer);
    },
  },
  random: { bytes: length => randomBytes(length) },
  log: { debug: () => {}, info: () => {}, warn: () => {} },
});

await network.start({
  localStatus: () => status,
  onStatus: () => null,
  onPeer: peer => process.stdout.write(`${network.self} ${peer}\n`),
  onPeerGone: () => {},
  onGossip: async () => 'accept',
  onRequest: async (_peer, data) => data,
  onMessage: () => {},
});
