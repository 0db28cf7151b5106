import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mempoolLimits } from '../chain/mempool-admission.ts';
import { stepLimits } from '../daemon/ledger-step.ts';
import { networkLimits } from '../daemon/network/limits.ts';
import { syncLimits } from '../daemon/sync.ts';
import { relayLimits } from '../daemon/transaction-relay.ts';
import { wireLimits } from '../daemon/wire.ts';
import { repositoryRoot } from './ci/programs.ts';
import { evaluate } from './limits-expression.ts';
import { limitsPage } from './limits-page.ts';

const objects = { mempoolLimits, stepLimits, networkLimits, syncLimits, relayLimits, wireLimits };

describe('the page of limits', () => {
  const page = limitsPage(repositoryRoot, '');

  it('has every entry of the exported limits, with the value that the program uses', () => {
    const expected = Object.entries(objects).flatMap(([object, entries]) =>
      Object.entries(entries).map(([name, value]) => `| ${object}.${name} | ${value.toLocaleString('en-US')} | `),
    );
    expect(expected.filter(beginning => !page.includes(`\n${beginning}`))).toEqual([]);
  });

  it('is refused for a limit that belongs to no chapter', () => {
    const root = mkdtempSync(join(tmpdir(), 'kvchain-limits-'));
    try {
      for (const folder of ['chain', 'consensus', 'daemon', 'cli']) mkdirSync(join(root, folder));
      const genesis = readFileSync(join(repositoryRoot, 'chain', 'genesis.ts'), 'utf8');
      writeFileSync(join(root, 'chain', 'genesis.ts'), genesis);
      writeFileSync(join(root, 'daemon', 'new.ts'), '/** Of something. */\nexport const thingsMax = 7;\n');
      expect(() => limitsPage(root, '')).toThrow('limits without a chapter: daemon/new.ts thingsMax');
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('is refused for a limit without a meaning', () => {
    const root = mkdtempSync(join(tmpdir(), 'kvchain-limits-'));
    try {
      for (const folder of ['chain', 'consensus', 'daemon', 'cli']) mkdirSync(join(root, folder));
      const genesis = readFileSync(join(repositoryRoot, 'chain', 'genesis.ts'), 'utf8');
      writeFileSync(join(root, 'chain', 'genesis.ts'), `${genesis}\n\nconst thingsMax = 7;\n`);
      expect(() => limitsPage(root, '')).toThrow('chain/genesis.ts thingsMax has neither a comment nor a meaning');
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe('an expression of limits', () => {
  it.each([
    ['1_000', 1_000n],
    ['2 ** 18', 262_144n],
    ['2 + 256 / 8 + 256 * 32 + 64', 8_290n],
    ['(2 + 3) * 4 - 1', 19n],
    ['inner + 1', 7n],
    ['limits.inner * 2', 12n],
  ])('%s is %s', (expression, value) => {
    expect(evaluate(expression, name => (name.endsWith('inner') ? '6' : 'unknown'))).toBe(value);
  });

  it.each(['Math.max(1, 2)', '7 % 2', '"7"', '{ a: 1 }'])('%s is none', expression => {
    expect(() => evaluate(expression, () => '1')).toThrow('not an expression of limits');
  });
});
