/**
 * Where the process can be made to die: before and after every batch of the store, every send, and what lies between them. This table
 * names them all, and a name must be given wherever a batch or a frame is written, so a place without a failpoint does not compile.
 *
 * In production a failpoint is an empty function (failpoint-none.ts). Under `node --conditions=failpoints` the import `#failpoint` is
 * another file (failpoint-armed.ts); nothing else, no option and no variable, switches them on. `npm run failpoints` dies at each.
 */

/** Batches of the store, by what they hold. */
export const storeBatches = {
  format: 'the first row of a new database',
  genesis: 'block 0 and the state that the genesis gives',
  'own-block': 'a block that this node mined, before anyone hears of it',
  'peer-block': 'a block that came by gossip or by sync',
  'invalid-mark': 'a stored block was found invalid',
  'ledger-step': 'blocks undone and applied: tip, state, history, receipts, index',
  mempool: 'a part of the mempool, or the end of what was stored before',
  'address-book': 'addresses of peers',
  prune: 'floors of what is kept, or what lies below them taken away',
  'snapshot-begin': 'word that a snapshot is being fetched, so that nothing of it counts',
  'snapshot-rows': 'headers or state of a snapshot, or such rows of an unended one taken away',
  'snapshot-end': 'the tip at a snapshot that is whole, with the floors of what is kept',
} as const;

/** What is sent to peers and to clients. */
export const sends = {
  handshake: 'status, its answer, its acceptance or a refusal',
  'exchange-question': 'a question for addresses of peers',
  'exchange-answer': 'addresses of peers',
  'sync-request': 'a request for headers, bodies or transactions',
  'sync-answer': 'the answer to a request of a peer',
  'gossip-transactions': 'a batch of transactions of our own',
  'gossip-blocks': 'a block that we announce',
  'gossip-frame': 'whatever gossip writes to one peer: what is ours, what is passed on, control',
  'engine-message': "a member's message to another member",
  'http-answer': 'the answer to a request over HTTP',
  'socket-answer': 'the answer to a call over a WebSocket',
  'socket-event': 'an event of a watch',
} as const;

/** What writes and sends nothing, and whose middle is a place of its own all the same. */
export const acts = {
  'block-assembly': 'a template is executed; before it is handed to the miner',
} as const;

export type StoreBatch = keyof typeof storeBatches;
export type Send = keyof typeof sends;
type Act = keyof typeof acts;
export type FailpointPlace = StoreBatch | Send | Act;
export type FailpointWhen = 'before' | 'after';
/** Its name, as reports have it: `after ledger-step`. */
export type Failpoint = `${FailpointWhen} ${FailpointPlace}`;
