import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCodes, errorRow, isErrorCode } from '../chain/errors.ts';
import { vectorFolder, vectorNames, vectorText } from './vectors.ts';

describe('the protocol’s vectors', () => {
  it.each([...vectorNames])('%s.json is what the program writes: run `node dist/testnet/vectors.js`', name => {
    expect(readFileSync(join(vectorFolder(), `${name}.json`), 'utf8')).toBe(vectorText(name));
  });

  it('are each named on a page of docs/protocol', () => {
    const folder = resolve(vectorFolder(), '..');
    const pages = readdirSync(folder).filter(name => name.endsWith('.md'));
    const text = pages.map(name => readFileSync(join(folder, name), 'utf8')).join('\n');
    expect(vectorNames.filter(name => !text.includes(`vectors/${name}.json`))).toEqual([]);
  });

  it('name no code on their pages that is not in the table, and each code that a receipt or a peer can hold', () => {
    const folder = resolve(vectorFolder(), '..');
    const pages = readdirSync(folder).filter(name => name.endsWith('.md'));
    const text = pages.map(name => readFileSync(join(folder, name), 'utf8')).join('\n');
    const named = new Set(Array.from(text.matchAll(/`([A-Z]+(?:_[A-Z]+)+|EXPIRED)`/g), match => match[1] ?? ''));
    expect([...named].filter(code => !isErrorCode(code))).toEqual([]);
    const ofTheProtocol = errorCodes().filter(code => {
      const { number } = errorRow(code);
      return number <= 38 && !['DUPLICATE', 'POOL_FULL', 'REPLACEMENT_UNDERPRICED', 'SENDER_LIMIT'].includes(code);
    });
    expect(ofTheProtocol.filter(code => !named.has(code))).toEqual([]);
  });

  it('agree with the implementation in Python, which shares no code with this one', () => {
    const script = resolve(vectorFolder(), '..', '..', 'examples', 'client.py');
    const printed = execFileSync('python3', ['-B', script, '--vectors', vectorFolder()], { encoding: 'utf8' });
    expect(printed).toBe('14 files of vectors agree\n');
  });

  it('need no more than 150 lines of Python', () => {
    const script = resolve(vectorFolder(), '..', '..', 'examples', 'client.py');
    expect(readFileSync(script, 'utf8').split('\n').length - 1).toBeLessThanOrEqual(150);
  });
});
