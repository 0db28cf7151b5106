/**
 * The fuzzer: feeds a target mutated inputs, keeps those that reach something new, and judges each outcome. Nothing but the target, the
 * seed and the corpus decides what is fed, so a finding comes again under its seed, and at once from its bytes.
 */
import { getHeapStatistics } from 'node:v8';
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { Chance } from '../sim/chance.ts';
import { mutate } from './mutate.ts';
import type { Outcome, Target } from './target.ts';

/** A case ends within this time of the processor and so much more for each byte; far above what any decoder takes. */
const caseMsMax = 250;
const msPerByteMax = 0.02;
/** A case takes no more memory than this and so much for each byte. */
const caseBytesMax = 33_554_432;
const memoryPerByteMax = 4_096;
/** Inputs that are kept in one run. */
const corpusMax = 4_000;

/** An input that broke a promise. */
export interface Finding {
  readonly target: string;
  /** Null when it came from the corpus. */
  readonly seed: bigint | null;
  readonly why: string;
  readonly hex: string;
}

/** What came of an input: what it reached, and what promise it broke. */
export interface Judgement {
  /** Inputs with one trait are taken to reach the same. */
  readonly trait: string;
  readonly broken: string | null;
}

export class Fuzzer {
  /** Inputs that reached something new, in the order of finding. */
  readonly discoveries: { readonly trait: string; readonly bytes: Uint8Array }[] = [];
  readonly findings: Finding[] = [];
  cases = 0;
  readonly #target: Target;
  readonly #seed: bigint;
  readonly #chance: Chance;
  readonly #corpus: Uint8Array[];
  readonly #traits = new Set<string>();
  /** Told what is about to be fed, so that a case which never ends can be named. */
  readonly #onCase: (bytes: Uint8Array) => void;

  /** `corpus` joins the target's own seeds. */
  constructor(
    target: Target,
    options: {
      readonly seed: bigint;
      readonly corpus: readonly Uint8Array[];
      readonly onCase?: (bytes: Uint8Array) => void;
    },
  ) {
    this.#target = target;
    this.#seed = options.seed;
    this.#chance = new Chance(options.seed, `fuzz/${target.name}`);
    this.#corpus = [...target.seeds, ...options.corpus];
    if (this.#corpus.length === 0) this.#corpus.push(new Uint8Array());
    this.#onCase = options.onCase ?? (() => {});
  }

  /** Feeds the seeds and the corpus as they are. */
  async replay(): Promise<void> {
    for (const bytes of [...this.#corpus]) await this.#feed(bytes, null);
  }

  /** Feeds one new input. */
  async step(): Promise<void> {
    const [bytes, other] = [this.#chance.pick(this.#corpus), this.#chance.pick(this.#corpus)];
    const input = mutate(bytes, other, { shape: this.#target.shape, chance: this.#chance });
    if (await this.#feed(input, this.#seed)) this.#corpus.push(input);
  }

  async #feed(bytes: Uint8Array, seed: bigint | null): Promise<boolean> {
    this.cases++;
    this.#onCase(bytes);
    const { trait, broken } = await judge(this.#target, bytes);
    if (broken !== null) this.findings.push({ target: this.#target.name, seed, why: broken, hex: toHex(bytes) });
    if (this.#traits.has(trait) || this.#traits.size >= corpusMax) return false;
    this.#traits.add(trait);
    this.discoveries.push({ trait, bytes });
    return broken === null;
  }
}

/** Runs one input. A limit of time or memory is broken only when it is broken three times in a row: machines pause. */
export async function judge(target: Target, bytes: Uint8Array): Promise<Judgement> {
  let judgement = await judgeOnce(target, bytes);
  for (let again = 0; again < 2 && judgement.isOverLimit; again++) judgement = await judgeOnce(target, bytes);
  return judgement;
}

async function judgeOnce(target: Target, bytes: Uint8Array): Promise<Judgement & { readonly isOverLimit: boolean }> {
  const input = bytes.slice();
  const [startMs, startBytes] = [processorMs(), memoryUsed()];
  try {
    const ran = target.run(input);
    const outcome = ran instanceof Promise ? await ran : ran;
    const over = overLimit(bytes.length, processorMs() - startMs, memoryUsed() - startBytes);
    const broken = over ?? (await brokenPromise(target, bytes, outcome));
    return { trait: traitOf(outcome), broken, isOverLimit: over !== null };
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { trait: `threw ${shapeOf(String(error))}`, broken: `threw: ${why}`, isOverLimit: false };
  }
}

/** Of the whole process: waiting for a turn on a busy machine does not count. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function memoryUsed(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

function overLimit(length: number, tookMs: number, tookBytes: number): string | null {
  const msMax = caseMsMax + msPerByteMax * length;
  const bytesMax = caseBytesMax + memoryPerByteMax * length;
  if (tookBytes > bytesMax) return `took ${tookBytes} bytes of memory, at most ${bytesMax}`;
  return tookMs > msMax ? `took ${Math.round(tookMs)} ms, at most ${Math.round(msMax)}` : null;
}

async function brokenPromise(target: Target, bytes: Uint8Array, outcome: Outcome): Promise<string | null> {
  if (outcome.kind === 'refused' || outcome.encoded === null) return null;
  const { encoded } = outcome;
  if (target.encoding === 'exact') return equalBytes(encoded, bytes) ? null : `encodes again to ${toHex(encoded)}`;
  const again = await target.run(encoded.slice());
  const isSettled = again.kind === 'accepted' && again.encoded !== null && equalBytes(again.encoded, encoded);
  return isSettled ? null : `what it encodes to is not taken for the same again: ${toHex(encoded)}`;
}

/** The refusal's words without its numbers and quotations, or the size of what was accepted. */
function traitOf(outcome: Outcome): string {
  if (outcome.kind === 'refused') return shapeOf(outcome.reason);
  return `accepted ${outcome.encoded === null ? '' : Math.ceil(Math.log2(outcome.encoded.length + 1))}`;
}

function shapeOf(reason: string): string {
  return reason
    .replace(/"(?:[^"\\]|\\.)*"?/g, '""')
    .replace(/\b(?:[0-9a-f]{2}){4,}\b/g, '#')
    .replace(/\d+/g, '#')
    .slice(0, 160);
}
