/** Histories whose verdict is known, each for a reason that its name tells. Times are milliseconds; `null` is an answer that never came. */
import type { Answer, Call, Operation } from './history.ts';

export type Labelled = readonly [name: string, isLinearizable: boolean, history: readonly Operation[]];

type End = number | null;

function operation(client: string, call: Call, [from, to]: readonly [number, End], answer: Answer): Operation {
  const returned = to === null ? null : { ms: to, answer };
  return { client, key: 'k', call, invokedMs: from, returned };
}

const done: Answer = { type: 'done' };
const refused: Answer = { type: 'refused' };

export const put = (client: string, value: string, from: number, to: End): Operation =>
  operation(client, { type: 'put', value, expectedVersion: null }, [from, to], done);
export const get = (client: string, value: string | null, from: number, to: End): Operation =>
  operation(client, { type: 'get' }, [from, to], { type: 'found', value });
const remove = (client: string, from: number, to: End): Operation =>
  operation(client, { type: 'delete' }, [from, to], done);
const removeNothing = (client: string, from: number, to: End): Operation =>
  operation(client, { type: 'delete' }, [from, to], refused);
const swap = (client: string, [version, value]: readonly [number, string], from: number, to: End): Operation =>
  operation(client, { type: 'put', value, expectedVersion: version }, [from, to], done);
const conflict = (client: string, [version, value]: readonly [number, string], from: number, to: End): Operation =>
  operation(client, { type: 'put', value, expectedVersion: version }, [from, to], refused);
const on = (key: string, one: Operation): Operation => ({ ...one, key });

const oneAfterTheOther: readonly Labelled[] = [
  ['nothing at all', true, []],
  ['a get of a key that was never written', true, [get('a', null, 0, 1)]],
  ['a value from nowhere', false, [get('a', 'x', 0, 1)]],
  ['a put and its get', true, [put('a', 'x', 0, 1), get('a', 'x', 2, 3)]],
  ['a put that its own client does not see', false, [put('a', 'x', 0, 1), get('a', null, 2, 3)]],
  ['a put that another client does not see', false, [put('a', 'x', 0, 1), get('b', null, 2, 3)]],
  ['the newer of two puts', true, [put('a', 'x', 0, 1), put('a', 'y', 2, 3), get('b', 'y', 4, 5)]],
  ['the older of two puts', false, [put('a', 'x', 0, 1), put('a', 'y', 2, 3), get('b', 'x', 4, 5)]],
  ['a delete and nothing', true, [put('a', 'x', 0, 1), remove('a', 2, 3), get('a', null, 4, 5)]],
  ['a value after its delete', false, [put('a', 'x', 0, 1), remove('a', 2, 3), get('a', 'x', 4, 5)]],
  ['a delete of nothing is refused', true, [removeNothing('a', 0, 1)]],
  ['a delete of nothing that was done', false, [remove('a', 0, 1)]],
  ['a delete of something that was refused', false, [put('a', 'x', 0, 1), removeNothing('b', 2, 3)]],
  [
    'a read that is right, then one that goes back',
    false,
    [put('a', 'x', 0, 1), put('a', 'y', 2, 3), get('b', 'y', 4, 5), get('b', 'x', 6, 7)],
  ],
];

const atTheSameTime: readonly Labelled[] = [
  ['a get during a put sees the old value', true, [put('a', 'x', 0, 10), get('b', null, 2, 3)]],
  ['a get during a put sees the new value', true, [put('a', 'x', 0, 10), get('b', 'x', 2, 3)]],
  ['two gets during a put, old then new', true, [put('a', 'x', 0, 10), get('b', null, 1, 2), get('b', 'x', 3, 4)]],
  ['two gets during a put, new then old', false, [put('a', 'x', 0, 10), get('b', 'x', 1, 2), get('b', null, 3, 4)]],
  ['the same by two clients', false, [put('a', 'x', 0, 10), get('b', 'x', 1, 2), get('c', null, 3, 4)]],
  ['the same by two clients at once', true, [put('a', 'x', 0, 10), get('b', 'x', 1, 4), get('c', null, 2, 3)]],
  ['two puts at once, the first wins', true, [put('a', 'x', 0, 10), put('b', 'y', 0, 10), get('c', 'x', 11, 12)]],
  ['two puts at once, the second wins', true, [put('a', 'x', 0, 10), put('b', 'y', 0, 10), get('c', 'y', 11, 12)]],
  [
    'two puts at once, both win',
    false,
    [put('a', 'x', 0, 10), put('b', 'y', 0, 10), get('c', 'x', 11, 12), get('d', 'y', 13, 14)],
  ],
  [
    'two puts at once, seen in two orders',
    false,
    [
      put('a', 'x', 0, 20),
      put('b', 'y', 0, 20),
      get('c', 'x', 1, 2),
      get('c', 'y', 3, 4),
      get('d', 'y', 5, 6),
      get('d', 'x', 7, 8),
    ],
  ],
  [
    'a put between two at once',
    true,
    [put('a', 'x', 0, 20), put('b', 'y', 0, 20), get('c', 'x', 1, 2), get('c', 'y', 3, 4), get('d', 'y', 21, 22)],
  ],
  ['returned as the other was called', true, [put('a', 'x', 0, 5), get('b', null, 5, 6)]],
  ['returned just before the other was called', false, [put('a', 'x', 0, 5), get('b', null, 6, 7)]],
  [
    'a delete and a get at once',
    true,
    [put('a', 'x', 0, 1), remove('b', 2, 9), get('c', 'x', 3, 4), get('c', null, 5, 6)],
  ],
  ['two deletes at once, one refused', true, [put('a', 'x', 0, 1), remove('b', 2, 9), removeNothing('c', 3, 4)]],
  ['two deletes at once, both done', false, [put('a', 'x', 0, 1), remove('b', 2, 9), remove('c', 3, 4)]],
  [
    'two deletes at once with a put between',
    true,
    [put('a', 'x', 0, 1), remove('b', 2, 9), remove('c', 3, 8), put('d', 'y', 2, 9)],
  ],
];

const withoutAnswer: readonly Labelled[] = [
  ['a put that took effect', true, [put('a', 'x', 0, null), get('b', 'x', 5, 6)]],
  ['a put that never took effect', true, [put('a', 'x', 0, null), get('b', null, 5, 6)]],
  ['a put that took effect late', true, [put('a', 'x', 0, null), get('b', null, 5, 6), get('b', 'x', 50, 60)]],
  ['a put that took effect and was lost', false, [put('a', 'x', 0, null), get('b', 'x', 5, 6), get('b', null, 50, 60)]],
  ['a put that took effect before its call', false, [get('b', 'x', 0, 1), put('a', 'x', 5, null)]],
  [
    'a put that took effect twice',
    false,
    [put('a', 'x', 0, null), get('b', 'x', 1, 2), put('c', 'y', 3, 4), get('b', 'x', 5, 6)],
  ],
  [
    'two puts that took effect one by one',
    true,
    [put('a', 'x', 0, null), put('a', 'x', 0, null), get('b', 'x', 1, 2), put('c', 'y', 3, 4), get('b', 'x', 5, 6)],
  ],
  ['a delete that took effect', true, [put('a', 'x', 0, 1), remove('b', 2, null), get('a', null, 3, 4)]],
  ['a get without an answer says nothing', true, [get('a', 'x', 0, null), put('b', 'y', 1, 2), get('b', 'y', 3, 4)]],
];

const withVersions: readonly Labelled[] = [
  ['the first version', true, [swap('a', [0, 'x'], 0, 1), get('a', 'x', 2, 3)]],
  ['a first version twice', false, [swap('a', [0, 'x'], 0, 1), swap('b', [0, 'y'], 2, 3)]],
  ['a first version twice at once', false, [swap('a', [0, 'x'], 0, 9), swap('b', [0, 'y'], 0, 9)]],
  ['a first version twice at once, one refused', true, [swap('a', [0, 'x'], 0, 9), conflict('b', [0, 'y'], 0, 9)]],
  ['both refused', false, [conflict('a', [0, 'x'], 0, 9), conflict('b', [0, 'y'], 0, 9)]],
  ['refused for a put without an answer', true, [put('c', 'z', 0, null), conflict('a', [0, 'x'], 1, 2)]],
  [
    'refused, and that put never seen',
    false,
    [put('c', 'z', 0, null), conflict('a', [0, 'x'], 1, 2), get('a', null, 3, 4)],
  ],
  ['a delete counts as a version', true, [put('a', 'x', 0, 1), remove('a', 2, 3), swap('a', [2, 'y'], 4, 5)]],
  ['a chain of versions', true, [swap('a', [0, 'x'], 0, 9), swap('b', [1, 'y'], 1, 9), swap('c', [2, 'z'], 2, 9)]],
  ['a chain of versions with a gap', false, [swap('a', [0, 'x'], 0, 9), swap('c', [2, 'z'], 2, 9)]],
];

const ofSeveralKeys: readonly Labelled[] = [
  [
    'keys do not order each other',
    true,
    [
      on('k', put('a', 'x', 0, 10)),
      on('l', put('a', 'y', 11, 12)),
      on('l', get('b', 'y', 13, 14)),
      on('k', get('b', 'x', 15, 16)),
    ],
  ],
  [
    'one bad key is enough',
    false,
    [on('k', put('a', 'x', 0, 1)), on('l', put('a', 'y', 2, 3)), on('l', get('b', null, 4, 5))],
  ],
];

export const labelledHistories: readonly Labelled[] = [
  ...oneAfterTheOther,
  ...atTheSameTime,
  ...withoutAnswer,
  ...withVersions,
  ...ofSeveralKeys,
];
