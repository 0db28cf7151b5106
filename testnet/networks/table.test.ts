import { describe, expect, it } from 'vitest';
import { lineOf, type MemberReading, type MemberRow, tableOf } from './table.ts';

const reading: MemberReading = { height: 12, head: 'ab'.repeat(32), peers: 3, mempool: 7, hashRate: 1_999.6 };

function row(index: number, change: Partial<MemberRow> = {}): MemberRow {
  const url = `http://127.0.0.1:${9_000 + index}`;
  return {
    index,
    name: `node-${index}`,
    attacker: null,
    state: 'running',
    pid: 1,
    url,
    address: null,
    reading,
    ...change,
  };
}

const stopped = { state: 'stopped', pid: null, url: null, reading: null } as const;

describe('the table of a network', () => {
  it('has a line for each member, dashes where nothing is known', () => {
    const [head, first, second] = tableOf([row(0), row(1, stopped)]).split('\n');
    expect(head?.split(/ {2,}/)).toEqual([
      '#',
      'member',
      'kind',
      'state',
      'pid',
      'height',
      'head',
      'peers',
      'mempool',
      'hash/s',
      'API',
    ]);
    expect(first?.split(/ +/).slice(0, 11)).toEqual([
      '0',
      'node-0',
      'daemon',
      'running',
      '1',
      '12',
      'abababababab',
      '3',
      '7',
      '2000',
      'http://127.0.0.1:9000',
    ]);
    expect(second?.split(/ +/)).toEqual(['1', 'node-1', 'daemon', 'stopped', '-', '-', '-', '-', '-', '-', '-']);
  });

  it('has attackers with their kind, process and state, and the line counts those that run', () => {
    const attacker = row(1, { name: 'silent-1', attacker: 'silent', pid: 77, url: null, reading: null });
    const [, , line] = tableOf([row(0), attacker]).split('\n');
    expect(line?.split(/ {2,}/).slice(0, 5)).toEqual(['1', 'silent-1', 'attacker: silent', 'running', '77']);
    expect(lineOf([row(0), attacker])).toMatch(/^2 of 2 running, 1 attacker among them, height 12, 1 head, /);
    expect(lineOf([row(0), attacker, attacker])).toContain('2 attackers among them');
    expect(lineOf([row(0), { ...attacker, state: 'stopped' }])).not.toContain('attacker');
  });

  it('is one line elsewhere: spans, and how many heads there are', () => {
    const behind = row(1, { reading: { ...reading, height: 9, head: 'cd'.repeat(32), mempool: 0 } });
    expect(lineOf([row(0), behind, row(2, stopped)])).toBe(
      '2 of 3 running, height 9 to 12, 2 heads, peers 3, mempool 0 to 7, 3999 hash/s',
    );
  });

  it('tells those that run and did not answer in time', () => {
    expect(lineOf([row(0), row(1, { state: 'slow', reading: null })])).toMatch(/^2 of 2 running, 1 slow to answer, /);
  });

  it('says so when nobody answers', () => {
    expect(lineOf([row(0, stopped)])).toBe('0 of 1 running, height -, 0 heads, peers -, mempool -, 0 hash/s');
  });
});
