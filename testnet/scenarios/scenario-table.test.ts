import { expect, it } from 'vitest';
import { tableHead, tableLine } from './scenario-table.ts';

it('says what each column is, and puts each value below its name', () => {
  const row = {
    scenario: 'partition',
    blocksEqualOn: 3,
    afterHealEqualOn: 5,
    kvEqual: true,
    duplicates: 0,
    linearizable: false,
  };
  const line = tableLine(row);
  for (const [name, value] of Object.entries(row)) {
    expect(line.slice(tableHead.indexOf(name)).split(' ')[0]).toBe(String(value));
  }
});
