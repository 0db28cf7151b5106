/** The road of signatures: a desk over worker threads against the native library alone on one thread, in turns. */
import { performance } from 'node:perf_hooks';
import { sha256 } from '../../chain/hash.ts';
import { verify } from '../../chain/keys.ts';
import type { Transaction } from '../../chain/transaction.ts';
import { signatureCheck } from '../../chain/validate.ts';
import { WorkerVerifier } from '../../daemon/crypto/worker-verifier.ts';
import { SignatureDesk } from '../../daemon/signature-desk.ts';
import { VerifiedCache } from '../../daemon/verified-cache.ts';

import { benchGenesis } from './chain-maker.ts';
import { mainThreadMicroseconds } from './cpu.ts';
import { type Effort, type Figure, figure, median } from './figure.ts';
import { LoadSigner } from './load-signer.ts';

/** What one block, or one batch of gossip, asks for at a time. */
const perCall = 1_000;

export async function benchSignatures(effort: Effort): Promise<readonly Figure[]> {
  const calls = effort === 'full' ? 8 : 2;
  const signer = new LoadSigner(benchGenesis('signatures'), 100);
  const transactions = Array.from({ length: calls }, () => signer.puts(perCall));
  const verifier = new WorkerVerifier({ threads: 1, onFallback: reason => fail(reason) });
  const rounds: { bare: number; worker: number; mainMicroseconds: number }[] = [];
  await deskRate(verifier, transactions);
  for (let round = 0; round < (effort === 'full' ? 7 : 2); round++) {
    rounds.push({ bare: bareRate(transactions.flat()), ...(await deskRate(verifier, transactions)) });
  }
  await verifier.close();
  const worker = median(rounds.map(round => round.worker));
  return [
    figure({
      name: 'signatures checked, a worker',
      value: worker,
      unit: 'checks/s',
      reference: {
        name: 'the native library on one thread',
        value: worker / median(rounds.map(round => round.worker / round.bare)),
      },
      rule: 'ratio at least',
      goal: 0.8,
    }),
    figure({
      name: 'signatures checked, main thread',
      value: median(rounds.map(round => round.mainMicroseconds)),
      unit: 'us each',
      reference: { name: 'the native check itself', value: median(rounds.map(round => 1e6 / round.bare)) },
      rule: 'value at most',
      goal: 3,
    }),
  ];
}

function bareRate(transactions: readonly Transaction[]): number {
  const checks = transactions.map(signatureCheck).map(check => ({ ...check, digest: sha256(check.message) }));
  const start = performance.now();
  for (const { digest, signature, publicKey } of checks) {
    if (!verify(digest, signature, publicKey)) fail('a good signature does not verify');
  }
  return (checks.length * 1_000) / (performance.now() - start);
}

/** All calls at once, as blocks and gossip come; from decoded transactions to answers, digests included. */
async function deskRate(verifier: WorkerVerifier, calls: readonly (readonly Transaction[])[]) {
  const desk = new SignatureDesk(verifier, new VerifiedCache(calls.length * perCall));
  const start = performance.now();
  const before = mainThreadMicroseconds();
  const answers = await Promise.all(calls.map(call => desk.allVerify(call)));
  const main = mainThreadMicroseconds() - before;
  const seconds = (performance.now() - start) / 1_000;
  if (answers.includes(false)) fail('a good signature does not verify');
  const count = calls.length * perCall;
  return { worker: count / seconds, mainMicroseconds: main / count };
}

function fail(why: string): never {
  throw new Error(why);
}
