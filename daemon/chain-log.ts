/** What the log tells of the chain: every reorganisation, and now and then where the node stands, so that one sees that it goes on. */
import { toHex } from '../chain/bytes.ts';
import type { Logger } from './logging.ts';
import type { NodeApi } from './node-api.ts';

/** Between two lines about the head. */
const headEveryMs = 30_000;

/** Follows until the function that it returns is called. `now` in milliseconds. */
export function logChain(node: Pick<NodeApi, 'onLedgerEvent' | 'peers'>, log: Logger, now: () => number): () => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return node.onLedgerEvent(event => {
    if (event.type !== 'head') return;
    const { height, undone } = event;
    const line = { height, hash: toHex(event.hash), peers: node.peers().length };
    if (undone > 0) log.info({ ...line, undone }, 'the chain was reorganised');
    else if (now() - toldAt < headEveryMs) return;
    else log.info(line, 'new head');
    toldAt = now();
  });
}
