import { expect, test } from 'vitest';
import { openLog } from './logging.ts';

function collect(format: 'json' | 'pretty', level: 'info' | 'debug' = 'info') {
  const lines: string[] = [];
  return { lines, log: openLog({ level, format, destination: { write: line => lines.push(line) } }) };
}

test('a line of JSON has level, time, data and message', () => {
  const { lines, log } = collect('json');
  log.info({ height: 7 }, 'block imported');
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'info',
    time: expect.any(String),
    height: 7,
    msg: 'block imported',
  });
});

test('what is below the level is left out', () => {
  const { lines, log } = collect('json');
  log.debug({}, 'noise');
  expect(lines).toEqual([]);
});

test('an error is written with its cause', () => {
  const { lines, log } = collect('json');
  log.error({ error: new Error('outer', { cause: new Error('inner') }) }, 'failed');
  expect(lines[0]).toContain('outer');
  expect(lines[0]).toContain('inner');
});

test('secrets are never written, at the top or one level below', () => {
  const { lines, log } = collect('json', 'debug');
  log.debug(
    { secretKey: 'hunter2', account: { password: 'hunter2', token: 'hunter2' }, headers: { authorization: 'hunter2' } },
    'x',
  );
  expect(lines[0]).not.toContain('hunter2');
});

test('a line cannot be forged by a key with a line end', () => {
  const { lines, log } = collect('json');
  log.warn({ key: 'a\n{"level":"error"}' }, 'odd key');
  expect(lines[0]?.trimEnd().split('\n')).toHaveLength(1);
});

test('for people the same stands on a readable line', () => {
  const { lines, log } = collect('pretty');
  log.info({ height: 7 }, 'block imported');
  expect(lines.join('')).toMatch(/INFO.*block imported/);
  expect(lines.join('')).toContain('height');
});
