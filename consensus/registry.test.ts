import { describe, expect, it } from 'vitest';
import { engineNames } from '../chain/genesis.ts';
import { contextWith } from './engine-context.suite.ts';
import { createEngine } from './registry.ts';

const built = engineNames.filter(name => createEngine(name).ok);

describe('the registry', () => {
  it('gives the engine of a genesis by its name', () => {
    for (const name of built) expect(createEngine(name)).toMatchObject({ ok: true, value: { name } });
  });

  it.each(['', 'POW', 'pow ', 'raft', '__proto__'])('refuses %j and names those that exist', name => {
    const refused = createEngine(name);
    expect(refused).toMatchObject({ ok: false, error: { code: 'BAD_GENESIS' } });
    const detail = refused.ok ? '' : refused.error.detail;
    expect(detail).toContain(`${JSON.stringify(name)} is not in this program; there are: `);
    for (const other of built) expect(detail).toContain(other);
  });
});

describe.each(built)('an instance of %s', name => {
  const context = contextWith();
  const engine = createEngine(name);
  if (!engine.ok) throw new Error(engine.error.detail);
  const applied = context.genesisHeader.hash;

  it('makes the sender of bytes that are no message pay', () => {
    const instance = engine.value.recover(context, { records: [], tree: [], applied, floor: 0 });
    const effects = instance.step({ type: 'message', now: 0, from: 'liar', member: 0, message: Uint8Array.of(0xff) });
    expect(effects).toEqual([{ type: 'penalize', peer: 'liar', code: 'BAD_MESSAGE', detail: expect.any(String) }]);
  });

  it('refuses to recover from records that cannot be decoded', () => {
    const records = [Uint8Array.of(0xff)];
    const fold = () => {
      const instance = engine.value.recover(context, { records, tree: [], applied, floor: 0 });
      return instance.view();
    };
    expect(fold).toThrow(/engine record 0/);
  });
});
