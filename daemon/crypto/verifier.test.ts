import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../chain/hash.ts';
import { publicKeyOf, sign } from '../../chain/keys.ts';
import type { SignatureCheck, Verifier } from '../ports.ts';
import { InlineVerifier } from './inline-verifier.ts';
import { checksPerChunk, checksWaitingMax, WorkerVerifier } from './worker-verifier.ts';

const secret = new Uint8Array(32).fill(3);
const publicKey = publicKeyOf(secret);
const message = new Uint8Array(100).fill(1);
const good: SignatureCheck = { message, signature: sign(sha256(message), secret), publicKey };
const bad: SignatureCheck = { ...good, message: new Uint8Array(100) };
const malformed: SignatureCheck = { ...good, signature: new Uint8Array(63) };

const opened: Verifier[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const verifier of opened.splice(0)) await verifier.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

function open(
  options: { threads?: number; workerUrl?: URL; onFallback?: (reason: string) => void } = {},
): WorkerVerifier {
  const unexpected = (reason: string) => {
    throw new Error(`the portable check runs: ${reason}`);
  };
  const verifier = new WorkerVerifier({ threads: 1, onFallback: unexpected, ...options });
  opened.push(verifier);
  return verifier;
}

/** A worker program in a file of its own; `folder` is its place for marks. */
async function program(source: (paths: { real: string; folder: string }) => string): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), 'kvchain-verifier-'));
  folders.push(folder);
  const real = new URL('./verifier-worker.js', import.meta.url).href;
  const file = join(folder, 'worker.mjs');
  await writeFile(file, source({ real, folder }));
  return pathToFileURL(file);
}

describe.each([
  ['inline', () => new InlineVerifier()],
  ['threaded, one thread', () => open()],
  ['threaded, three threads', () => open({ threads: 3 })],
])('the %s verifier', (_, create) => {
  it('answers each check in its place, malformed ones with false', async () => {
    const verifier = create();
    expect(await verifier.verify([])).toEqual([]);
    expect(await verifier.verify([malformed])).toEqual([false]);
    expect(await verifier.verify([good, malformed, bad, good])).toEqual([true, false, false, true]);
  });

  it('keeps the order over many chunks and many callers at once', async () => {
    const verifier = create();
    const kinds = [good, bad, malformed];
    const pattern = (seed: number) =>
      Array.from({ length: 3 * checksPerChunk + seed }, (_unused, index) => kinds[(index * 7 + seed) % 3] ?? good);
    const batches = Array.from({ length: 5 }, (_unused, seed) => pattern(seed));
    const answers = await Promise.all(batches.map(batch => verifier.verify(batch)));
    expect(answers).toEqual(batches.map(batch => batch.map(check => check === good)));
  });
});

describe('the threaded verifier', () => {
  it('leaves the arrays of its caller intact', async () => {
    const copy = Uint8Array.from(good.signature);
    await open().verify([good]);
    expect(good.signature).toEqual(copy);
  });

  it('makes callers wait when more than the limit is held, and serves them all', async () => {
    const verifier = open();
    const half = Array.from({ length: checksWaitingMax / 2 + 1 }, () => malformedKey);
    const order: number[] = [];
    const calls = [0, 1, 2].map(async index => {
      await verifier.verify(half);
      order.push(index);
    });
    await Promise.all(calls);
    expect(order).toEqual([0, 1, 2]);
  });

  it('starts a thread that died again and tries its chunks once more', async () => {
    const workerUrl = await program(
      ({ real, folder }) => `
        import { existsSync, writeFileSync } from 'node:fs';
        import { parentPort } from 'node:worker_threads';
        const mark = ${JSON.stringify(join(folder, 'died'))};
        if (existsSync(mark)) await import(${JSON.stringify(real)});
        else parentPort.once('message', () => { writeFileSync(mark, ''); throw new Error('a fault'); });`,
    );
    const verifier = open({ workerUrl });
    const checks = Array.from({ length: 4 * checksPerChunk }, (_, index) => (index % 2 === 0 ? good : bad));
    expect(await verifier.verify(checks)).toEqual(checks.map(check => check === good));
  });

  it('refuses the chunk over which two threads died, and goes on with others', async () => {
    const workerUrl = await program(
      ({ real }) => `
        import { parentPort } from 'node:worker_threads';
        const listen = parentPort.on.bind(parentPort);
        parentPort.on = (name, answer) => listen(name, chunk => (chunk.packed[4] === 66 ? process.exit(1) : answer(chunk)));
        await import(${JSON.stringify(real)});`,
    );
    const verifier = open({ workerUrl });
    const deadly = { ...good, message: new Uint8Array(32).fill(66) };
    await expect(verifier.verify([deadly])).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await verifier.verify([good, bad])).toEqual([true, false]);
  });

  it('refuses no other call with one over which two threads died, though they shared a chunk', async () => {
    const workerUrl = await program(
      ({ real }) => `
        import { parentPort } from 'node:worker_threads';
        const listen = parentPort.on.bind(parentPort);
        const isDeadly = ({ packed }) => packed.some((byte, index) => byte === 66 && packed[index + 31] === 66);
        parentPort.on = (name, answer) => listen(name, chunk => (isDeadly(chunk) ? process.exit(1) : answer(chunk)));
        await import(${JSON.stringify(real)});`,
    );
    const verifier = open({ workerUrl });
    const deadly = { ...good, message: new Uint8Array(32).fill(66) };
    // What comes while the thread has its hands full goes together.
    const busy = [verifier.verify([good]), verifier.verify([bad])];
    const refused = expect(verifier.verify([deadly])).rejects.toMatchObject({ code: 'INTERNAL' });
    const others = [verifier.verify([good, bad]), verifier.verify([bad, malformed, good])];
    expect(await Promise.all([...busy, ...others])).toEqual([[true], [false], [true, false], [false, false, true]]);
    await refused;
  });

  it('gives up with INTERNAL when its threads die again and again', async () => {
    const workerUrl = await program(() => `throw new Error('cannot start');`);
    const verifier = open({ workerUrl });
    await expect(verifier.verify([good])).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('tells once, with the reason, that the portable check runs', async () => {
    const workerUrl = await program(
      ({ real }) => `
        import { createRequire } from 'node:module';
        const require = createRequire(${JSON.stringify(real)});
        require.cache[require.resolve('secp256k1/bindings.js')] = { get exports() { throw new Error('no build for this machine'); } };
        await import(${JSON.stringify(real)});`,
    );
    const reasons: string[] = [];
    const verifier = open({ threads: 2, workerUrl, onFallback: reason => reasons.push(reason) });
    expect(await verifier.verify([good, bad, malformed])).toEqual([true, false, false]);
    expect(await verifier.verify(Array.from({ length: 2 * checksPerChunk }, () => malformedKey))).not.toContain(true);
    expect(reasons).toEqual(['no build for this machine']);
  });

  it('refuses calls that wait when it closes, and those that come after', async () => {
    const verifier = open();
    const waiting = verifier.verify(Array.from({ length: 50 * checksPerChunk }, () => good));
    const refused = expect(waiting).rejects.toMatchObject({ code: 'STOPPING' });
    await verifier.close();
    await refused;
    await expect(verifier.verify([good])).rejects.toMatchObject({ code: 'STOPPING' });
  });
});

/** Of the right lengths but no point, so that it is refused at once: many of them cost little. */
const malformedKey: SignatureCheck = { ...good, publicKey: new Uint8Array(33) };
