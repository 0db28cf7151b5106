import { expect, it } from 'vitest';
import { TraceBook } from './trace-book.ts';

function bookAt(time: number): TraceBook {
  return new TraceBook({ now: () => time });
}

it('costs nothing, and remembers nothing, before the first question', () => {
  const book = bookAt(7);
  book.add('sent', 'P2', () => {
    throw new Error('nobody watches');
  });
  expect(book.after(0)).toEqual([]);
});

it('gives what came after a number, oldest first', () => {
  const book = bookAt(7);
  book.after(0);
  for (const text of ['a', 'b']) book.add('said', 'P2', () => ({ text }));
  book.add('nonce', null, () => null);
  expect(book.after(1)).toEqual([{ number: 2, time: 7, what: 'said', member: 'P2', data: { text: 'b' } }]);
});

it('keeps the newest 2,000', () => {
  const book = bookAt(0);
  book.after(0);
  for (let count = 0; count < 2_001; count++) book.add('said', null, () => ({ count }));
  expect(book.after(0)).toHaveLength(2_000);
  expect(book.after(0)[0]?.number).toBe(2);
});
