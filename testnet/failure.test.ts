import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { KvchainError } from '../chain/errors.ts';
import { z } from '../daemon/zod.ts';
import { failureOf, tellFailure } from './failure.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('what went wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvchain-failure-'));
  const file = join(folder, 'file');
  writeFileSync(file, '');

  const cases: readonly (readonly [string, () => unknown, code: string, says: string])[] = [
    ['a file for a folder', () => mkdirSync(file, { recursive: true }), 'DISK_FAILED', file],
    ['a folder that is not there', () => readdirSync(join(folder, 'absent')), 'DISK_FAILED', join(folder, 'absent')],
    ['an unknown flag of a program', () => parseArgs({ args: ['--nope'], options: {} }), 'USAGE', '--nope'],
    ['an order of the wrong form', () => z.object({ rate: z.number() }).parse({ rate: null }), 'USAGE', 'rate: '],
  ];
  it.each(cases)('is told of %s', (_, act, code, says) => {
    expect(failureOf(thrownBy(act))).toMatchObject({ code, message: expect.stringContaining(says) });
  });

  it('is told of a wrong use of a command without the mark of commander', () => {
    const wrong = new CommanderError(1, 'commander.unknownOption', "error: unknown option '--nope'");
    expect(failureOf(wrong)).toMatchObject({ code: 'USAGE', message: "unknown option '--nope'" });
  });

  it('is what it was when it is told already', () => {
    const told = new KvchainError('NOT_FOUND', 'no member 7');
    expect(failureOf(told)).toBe(told);
  });

  it('is not told, but thrown, when it is a fault of ours', () => {
    const ours = new TypeError('x is not a function');
    expect(() => tellFailure(ours)).toThrow(ours);
  });

  it('is nothing when help was asked for, and a wrong use when it was not', () => {
    expect(tellFailure(new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)'))).toBe(0);
    expect(tellFailure(new CommanderError(1, 'commander.help', '(outputHelp)'))).toBe(2);
  });
});
