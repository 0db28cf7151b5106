import { describe, expect, it } from 'vitest';
import type { ForkHealReport } from './fork-heal.ts';
import { forkHealText } from './fork-heal-text.ts';

const report: ForkHealReport = {
  sideA: { members: [0], height: 9, head: 'ab'.repeat(32), acknowledged: 1 },
  sideB: { members: [1, 2], height: 12, head: 'cd'.repeat(32), acknowledged: 7 },
  winner: 'B',
  reorgDepth: 4,
  transactionsReturned: 1,
  lost: 0,
  headsEqual: true,
  rootsEqual: true,
  register: {
    both: { type: 'not linearizable', key: 'register', explanation: ['the longest order:', '  side A: put'] },
    sideAAlone: { type: 'linearizable' },
  },
};

describe('the report of fork-heal', () => {
  it('is a line a fact, and says why a register is none', () => {
    expect(forkHealText(report).split('\n')).toEqual([
      'side A                daemon 0: height 9, head abababababab, 1 put acknowledged',
      'side B                daemons 1, 2: height 12, head cdcdcdcdcdcd, 7 puts acknowledged',
      'winner                side B',
      'undone                4 blocks, whose 1 transaction came back',
      'lost                  nothing that was acknowledged',
      'at the end            one head, one state',
      'register, side A      linearizable',
      'register, both sides  not linearizable',
      '  the longest order:',
      '    side A: put',
      '',
    ]);
  });

  it('tells what was lost, and what differs', () => {
    const text = forkHealText({ ...report, lost: 2, headsEqual: false, rootsEqual: false });
    expect(text).toMatch(/lost +2 acknowledged puts\nat the end +heads differ, states differ\n/);
  });
});
