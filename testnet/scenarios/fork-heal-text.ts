/** The report of fork-heal for a person: a line a fact, and where the register is none, why. */

import { counted } from '../counted.ts';
import type { Verdict } from '../linearizability/check.ts';
import type { ForkHealReport, Side } from './fork-heal.ts';

const nameWidth = 22;

export function forkHealText(report: ForkHealReport): string {
  const { sideA, sideB, winner, reorgDepth, transactionsReturned, lost, headsEqual, rootsEqual, register } = report;
  const lines = [
    ['side A', sideText(sideA)],
    ['side B', sideText(sideB)],
    ['winner', `side ${winner}`],
    ['undone', `${counted(reorgDepth, 'block')}, whose ${counted(transactionsReturned, 'transaction')} came back`],
    ['lost', lost === 0 ? 'nothing that was acknowledged' : counted(lost, 'acknowledged put')],
    ['at the end', `${headsEqual ? 'one head' : 'heads differ'}, ${rootsEqual ? 'one state' : 'states differ'}`],
    ['register, side A', verdictText(register.sideAAlone)],
    ['register, both sides', verdictText(register.both)],
  ];
  return lines.map(([name = '', text = '']) => `${name.padEnd(nameWidth)}${text}\n`).join('');
}

function sideText({ members, height, head, acknowledged }: Side): string {
  const who = `${members.length === 1 ? 'daemon' : 'daemons'} ${members.join(', ')}`;
  return `${who}: height ${height}, head ${head.slice(0, 12)}, ${counted(acknowledged, 'put')} acknowledged`;
}

function verdictText(verdict: Verdict): string {
  if (verdict.type !== 'not linearizable') return verdict.type;
  return ['not linearizable', ...verdict.explanation.map(line => `  ${line}`)].join('\n');
}
