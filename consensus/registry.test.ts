import { describe, expect, it } from 'vitest';
import { engineNames } from '../chain/genesis.ts';
import { contextWith } from './pow/grown-chain.suite.ts';
import { createEngine } from './registry.ts';

describe('the registry', () => {
  it('gives the engine of a genesis by its name', () => {
    expect(createEngine('pow')).toMatchObject({ ok: true, value: { name: 'pow' } });
  });

  it.each(['', 'POW', 'pow ', 'raft', '__proto__'])('refuses %j and names those that exist', name => {
    const refused = createEngine(name);
    expect(refused).toMatchObject({ ok: false, error: { code: 'BAD_GENESIS' } });
    if (!refused.ok)
      expect(refused.error.detail).toContain(`${JSON.stringify(name)} is not in this program; there are: pow`);
  });

  it('has no engine that a genesis cannot name', () => {
    const built = engineNames.filter(name => createEngine(name).ok);
    expect(built).toContain('pow');
  });
});

describe('an instance', () => {
  const context = contextWith();
  const engine = createEngine('pow');
  if (!engine.ok) throw new Error(engine.error.detail);
  const applied = context.genesisHeader.hash;

  it('makes the sender of bytes that are no message pay', () => {
    const instance = engine.value.recover(context, { records: [], tree: [], applied });
    const effects = instance.step({ type: 'message', now: 0, from: 'liar', message: Uint8Array.of(0xff) });
    expect(effects).toEqual([{ type: 'penalize', peer: 'liar', code: 'BAD_MESSAGE', detail: expect.any(String) }]);
  });

  it('refuses to recover from records that cannot be decoded', () => {
    const records = [Uint8Array.of(0x80)];
    const fold = () => {
      const instance = engine.value.recover(context, { records, tree: [], applied });
      return instance.view();
    };
    expect(fold).toThrow(/engine record 0/);
  });
});
