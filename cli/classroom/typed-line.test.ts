import { expect, it } from 'vitest';
import { fromUtf8 } from '../../chain/bytes.ts';
import { readLine, readOperation, wordsOf } from './typed-line.ts';

it.each([
  ['printBlockchain', { name: 'printBlockchain', rest: '' }],
  ['  failLink(P1, P2) ', { name: 'failLink', rest: 'P1, P2' }],
  ['failLink P1 P2', { name: 'failLink', rest: 'P1 P2' }],
  ['partition P1,P2/P3', { name: 'partition', rest: 'P1,P2/P3' }],
  ['Operation(get, a);', { name: 'Operation', rest: 'get, a' }],
  ['failProcess()', { name: 'failProcess', rest: '' }],
  ['', null],
  ['# a comment', null],
])('reads %j', (line, read) => {
  expect(readLine(line)).toEqual(read);
});

it('takes the value of a put byte for byte, commas, spaces and parentheses included', () => {
  const typed = readLine('Operation(put, alice_netid, {"phone_number": "111-222-3333", "at": "(home)"})');
  const operation = readOperation(typed?.rest ?? '');
  expect(operation).toMatchObject({ type: 'put', key: 'alice_netid' });
  const value = operation.type === 'put' ? fromUtf8(operation.value) : null;
  expect(value).toBe('{"phone_number": "111-222-3333", "at": "(home)"}');
});

it('reads a get, in any case', () => {
  expect(readOperation('GET,  alice_netid ')).toEqual({ type: 'get', key: 'alice_netid' });
});

it.each(['', 'put', 'put, key', 'get', 'get, key, value', 'swap, key, value'])('refuses %j', rest => {
  expect(() => readOperation(rest)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

it('parts arguments at commas and spaces', () => {
  expect(wordsOf('P1, P2  P3,')).toEqual(['P1', 'P2', 'P3']);
});
