/**
 * A recording of an engine: with what each of its lives began, every event that it was told, and digests of what it ordered and of the state
 * that it was in then. An engine is a pure function, so whoever tells it the same again sees the run again, exactly, in the time of the
 * events; a step that comes out otherwise is told. One JSON line a fact; a line that a crash tore is the last of its life.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { fromHex, toHex, toUtf8 } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { sha256 } from '../chain/hash.ts';
import type { EngineContext, Recovery } from '../consensus/engine.ts';
import type { AnyEngine, EngineInstance } from '../consensus/instance.ts';
import { createEngine } from '../consensus/registry.ts';
import type { RunningEffect, RunningEvent } from './driver.ts';

interface Life {
  readonly type: 'life';
  readonly context: EngineContext;
  readonly recovery: Recovery<Uint8Array>;
  /** Digest of the state, in hex. */
  readonly state: string;
}

interface Told {
  readonly type: 'event';
  readonly event: RunningEvent;
  /** SHA-256 of the effects' text, and digest of the state after them, in hex. */
  readonly effects: string;
  readonly state: string;
}

/** Recovers an engine, and records it from there on. */
export interface EngineRecorder {
  recover(engine: AnyEngine, context: EngineContext, recovery: Recovery<Uint8Array>): EngineInstance;
  close(): void;
}

/**
 * Appends to this file. What the process wrote outlives it, not a loss of power: a recording is no promise. No key is written, so an engine
 * that signs (`pow-paxos`) does not play again exactly.
 */
export function openRecorder(file: string): EngineRecorder {
  const descriptor = openSync(file, 'a', 0o600);
  const note = (fact: Life | Told) => writeSync(descriptor, `${textOf(fact)}\n`);
  return {
    recover: (engine, context, recovery) => {
      const kept = { ...recovery, records: [...recovery.records], tree: [...recovery.tree] };
      const instance = engine.recover(context, kept);
      note({ type: 'life', context: { ...context, signer: null }, recovery: kept, state: toHex(instance.digest()) });
      const step = (event: RunningEvent): readonly RunningEffect[] => {
        const effects = instance.step(event);
        note({ type: 'event', event, effects: digestOf(effects), state: toHex(instance.digest()) });
        return effects;
      };
      return { ...instance, step };
    },
    close: () => closeSync(descriptor),
  };
}

/** One step that was played again. */
export interface ReplayedStep {
  readonly event: RunningEvent;
  readonly effects: readonly RunningEffect[];
  readonly engine: EngineInstance;
  /** What it ordered and the state after it are what they were. */
  readonly isExact: boolean;
}

/** Plays a recording again, step by step. Error thrown: BAD_CONFIG for a text that is none. */
export function* replay(text: string): Generator<ReplayedStep> {
  let engine: EngineInstance | null = null;
  for (const line of text.split('\n')) {
    const fact = readFact(line);
    if (fact === null) continue;
    if (fact.type === 'life') {
      engine = recoverAgain(fact);
      continue;
    }
    if (engine === null) throw notRecorded('an event before the life of an engine');
    const effects = engine.step(fact.event);
    const isExact = digestOf(effects) === fact.effects && toHex(engine.digest()) === fact.state;
    yield { event: fact.event, effects, engine, isExact };
  }
}

function recoverAgain({ context, recovery, state }: Life): EngineInstance {
  const found = createEngine(context.genesis.engine);
  if (!found.ok) throw new KvchainError(found.error.code, found.error.detail);
  const engine = found.value.recover(context, recovery);
  if (toHex(engine.digest()) === state) return engine;
  throw notRecorded('this program recovers to another state than the one that was recorded');
}

/** Null for the line that a crash tore, and for none. */
function readFact(line: string): Life | Told | null {
  if (!line.endsWith('}')) return null;
  try {
    return JSON.parse(line, revive);
  } catch {
    return null;
  }
}

function digestOf(effects: readonly RunningEffect[]): string {
  return toHex(sha256(toUtf8(textOf(effects))));
}

/** JSON with bytes as {"bytes": hex} and big numbers as {"integer": digits}. */
function textOf(value: unknown): string {
  return JSON.stringify(value, function (this: unknown, key: string, part: unknown) {
    // A Buffer would have made an array of numbers of itself by now.
    const raw = Object(this)[key];
    if (raw instanceof Uint8Array) return { bytes: toHex(raw) };
    return typeof part === 'bigint' ? { integer: part.toString() } : part;
  });
}

function revive(_: string, part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part;
  if ('bytes' in part && typeof part.bytes === 'string') return fromHex(part.bytes);
  if ('integer' in part && typeof part.integer === 'string') return BigInt(part.integer);
  return part;
}

function notRecorded(why: string): KvchainError {
  return new KvchainError('BAD_CONFIG', `the recording cannot be played: ${why}`, {
    action: 'Play it with the program that recorded it.',
  });
}
