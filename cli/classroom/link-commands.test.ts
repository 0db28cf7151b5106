import { expect, it } from 'vitest';
import { groupsOf } from './link-commands.ts';

const servers = ['P1', 'P2', 'P3', 'P4', 'P5'].map(name => ({ name }));
const namesOf = (text: string) => groupsOf(servers, text).map(group => group.map(({ name }) => name));

it('reads the groups of a partition, in any case', () => {
  expect(namesOf('P1,p2/P3,P4,P5')).toEqual([
    ['P1', 'P2'],
    ['P3', 'P4', 'P5'],
  ]);
});

it.each(['', 'P1,P2,P3,P4,P5', 'P1,P2/P3,P4', 'P1,P2/P2,P3,P4,P5', 'P1,P1/P2,P3,P4,P5', 'P1,P2,P3,P4,P5/', '/'])(
  'refuses %j, which does not name each server once in two groups',
  text => {
    expect(() => namesOf(text)).toThrow('each of P1, P2, P3, P4, P5 once');
  },
);
