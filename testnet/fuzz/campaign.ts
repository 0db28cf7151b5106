/** One target under a watch: a case that never ends, or takes all memory, ends the thread and not the campaign. */
import { Worker } from 'node:worker_threads';
import { toHex } from '../../chain/bytes.ts';
import type { Finding } from './fuzzer.ts';
import { inputBytesMax } from './mutate.ts';

/** What a thread is told. */
export interface Campaign {
  readonly name: string;
  readonly seed: bigint;
  readonly ms: number;
  /** Cases begun and length of the input in 4 bytes each, then the input. */
  readonly shared: SharedArrayBuffer;
  /** Write what was discovered into the committed corpus at the end. */
  readonly isWritten: boolean;
}

/** What a thread tells of itself. */
export interface Word {
  readonly cases: number;
  /** Different things that inputs reached. */
  readonly traits: number;
  readonly seconds: number;
  /** New since the last word. */
  readonly findings: readonly Finding[];
  /** Inputs in the written corpus, at the end; null when none is written. */
  readonly kept: number | null;
}

export type Report = Omit<Word, 'findings' | 'kept'> & { readonly name: string; readonly findings: readonly Finding[] };

/** A case that goes on for longer has no end; ten times what any is allowed. */
const hangMs = 20_000;
const heapMegabytesMax = 1_024;

/** Fuzzes one target for `ms`. `onFinding` hears of each finding once, and more than one may have one cause. */
export function runCampaign(wish: Omit<Campaign, 'shared'>, onFinding: (finding: Finding) => void): Promise<Report> {
  const shared = new SharedArrayBuffer(8 + inputBytesMax);
  const counters = new Int32Array(shared, 0, 2);
  const worker = new Worker(new URL('./fuzz-worker.js', import.meta.url), {
    workerData: { ...wish, shared } satisfies Campaign,
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax },
  });
  const findings: Finding[] = [];
  let last: Word = { cases: 0, traits: 0, seconds: 0, findings: [], kept: null };
  const found = (finding: Finding): void => {
    findings.push(finding);
    onFinding(finding);
  };
  const stopWatch = watch(counters, () => void worker.terminate());
  worker.on('message', (word: Word) => {
    last = word;
    for (const finding of word.findings) found(finding);
  });
  return new Promise(resolve => {
    let why = 'the thread ended in the middle of a case, or a case did not end';
    worker.once('error', error => {
      why = error.message;
    });
    worker.once('exit', code => {
      stopWatch();
      const input = new Uint8Array(shared, 8, Atomics.load(counters, 1));
      if (code !== 0) found({ target: wish.name, seed: wish.seed, why, hex: toHex(Uint8Array.from(input)) });
      const { cases, traits, seconds } = last;
      resolve({ name: wish.name, cases, traits, seconds, findings });
    });
  });
}

/** Calls `onHang` when no new case begins for `hangMs`. */
function watch(counters: Int32Array, onHang: () => void): () => void {
  let seen = 0;
  let seenMs = performance.now();
  const timer = setInterval(() => {
    const cases = Atomics.load(counters, 0);
    if (cases !== seen || cases === 0) seenMs = performance.now();
    seen = cases;
    if (performance.now() - seenMs > hangMs) onHang();
  }, 1_000);
  return () => clearInterval(timer);
}
