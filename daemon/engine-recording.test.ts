import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { encode, hash32, struct, uint } from '../chain/codec.ts';
import type { EngineContext } from '../consensus/engine.ts';
import { contextWith } from '../consensus/engine-context.suite.ts';
import { createEngine } from '../consensus/registry.ts';
import type { RunningEvent } from './driver.ts';
import { openRecorder, replay } from './engine-recording.ts';

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** A member of three. */
function contextOfThree(): EngineContext {
  const context = contextWith({ bits: 0 });
  const members = ['P1', 'P2', 'P3'].map((name, index) => ({ name, publicKey: new Uint8Array(33).fill(index + 1) }));
  return { ...context, genesis: { ...context.genesis, engine: 'paxos', members }, self: 0 };
}

const now = 1_700_000_000_000;

/** It is asked to lead, and hears that another one has a higher ballot. */
function events({ genesisHeader }: EngineContext): readonly RunningEvent[] {
  const ballot = struct<{ number: number; member: number }>({ number: uint(), member: uint() });
  const point = struct<{ height: number; hash: Uint8Array }>({ height: uint(), hash: hash32 });
  const message = encode(
    {
      toItem: () => [0, ballot.toItem({ number: 9, member: 2 }), point.toItem({ height: 0, hash: genesisHeader.hash })],
      fromItem: () => null,
    },
    null,
  );
  return [
    { type: 'start', now },
    { type: 'lead', now: now + 10 },
    { type: 'message', now: now + 20, from: 'peer', member: 2, message: Buffer.from(message) },
  ];
}

/** The text of a recording of two lives. */
async function recorded(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kvchain-recording-'));
  folders.push(folder);
  const file = join(folder, 'P1.recording');
  const engine = createEngine('paxos');
  if (!engine.ok) throw new Error(engine.error.detail);
  const context = contextOfThree();
  for (const life of [0, 1]) {
    const recorder = openRecorder(file);
    const recovery = { records: [], tree: [], applied: context.genesisHeader.hash, floor: 0 };
    const instance = recorder.recover(engine.value, { ...context, seed: BigInt(life) }, recovery);
    for (const event of events(context)) instance.step(event);
    recorder.close();
  }
  return readFile(file, 'utf8');
}

it('plays a run again, exactly, over a restart and in the time of its events', async () => {
  const steps = [...replay(await recorded())];
  expect(steps.map(({ isExact }) => isExact)).toEqual(Array(6).fill(true));
  expect(steps.map(({ event }) => event.now - now)).toEqual([0, 10, 20, 0, 10, 20]);
  const { engine, event } = steps[2] ?? {};
  const message = event?.type === 'message' ? event.message : new Uint8Array();
  expect(engine?.describe(message)).toEqual({ type: 'prepare', number: 9, member: 2, depth: 1 });
});

it('tells the step that comes out otherwise', async () => {
  const text = await recorded();
  const steps = [...replay(text.replace(`"type":"lead","now":${now + 10}`, `"type":"lead","now":${now + 11}`))];
  expect(steps.map(({ isExact }) => isExact)).toEqual([true, false, true, true, true, true]);
});

it('passes over a line that a crash tore', async () => {
  const text = await recorded();
  expect([...replay(text.slice(0, -40))]).toHaveLength(5);
});

it('refuses what is no recording', () => {
  expect(() => [...replay('{"type":"event","event":{},"effects":"","state":""}')]).toThrow(
    'before the life of an engine',
  );
});
