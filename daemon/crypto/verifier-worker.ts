/** A verifier's thread: says how it checks, then answers chunk after chunk. It ends when its pool closes the port. */
import '../polyfill.ts';
import { parentPort } from 'node:worker_threads';
import { assert } from '../../chain/errors.ts';
import { curveFallback, verify } from '../../chain/keys.ts';
import { type PackedChunk, verifyPacked, type WorkerReply } from './packed-checks.ts';

const port = parentPort;
assert(port !== null, 'the verifier runs on a worker thread');
const ready: WorkerReply = { type: 'ready', fallbackReason: curveFallback() };
port.postMessage(ready);
port.on('message', (chunk: PackedChunk) => {
  const answers = verifyPacked(chunk, verify);
  const reply: WorkerReply = { type: 'answers', id: chunk.id, answers };
  port.postMessage(reply, [answers.buffer]);
});
