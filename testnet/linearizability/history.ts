/**
 * What clients asked of a store and what they were told, with the times of both: a history. Whether it could have come from one register
 * a key that does one operation after the other is the question of check.ts.
 */

/** What was asked of a key. */
export type Call =
  | { readonly type: 'put'; readonly value: string; readonly expectedVersion: number | null }
  | { readonly type: 'delete' }
  | { readonly type: 'get' };

/** What the client was told: done, refused without an effect (VERSION_CONFLICT, NO_KEY of a delete), or what a get found. */
export type Answer =
  | { readonly type: 'done' }
  | { readonly type: 'refused' }
  | { readonly type: 'found'; readonly value: string | null };

export interface Operation {
  readonly client: string;
  readonly key: string;
  readonly call: Call;
  /** On one clock for all clients, in milliseconds. */
  readonly invokedMs: number;
  /** Null: no answer came, and the operation may take effect at any time after its call, or never. */
  readonly returned: { readonly ms: number; readonly answer: Answer } | null;
}

/** What a key is at: version 0 is a key that was never written. */
export interface Register {
  readonly version: number;
  readonly value: string | null;
}

export const emptyRegister: Register = { version: 0, value: null };

/** What an operation makes of a register and tells its client. */
export function execute(register: Register, call: Call): { readonly register: Register; readonly answer: Answer } {
  const { version, value } = register;
  switch (call.type) {
    case 'get':
      return { register, answer: { type: 'found', value } };
    case 'put':
      if (call.expectedVersion !== null && call.expectedVersion !== version) {
        return { register, answer: { type: 'refused' } };
      }
      return { register: { version: version + 1, value: call.value }, answer: { type: 'done' } };
    case 'delete':
      if (value === null) return { register, answer: { type: 'refused' } };
      return { register: { version: version + 1, value: null }, answer: { type: 'done' } };
  }
}

/** The same words from a store and from the register. */
export function isSameAnswer(one: Answer, other: Answer): boolean {
  if (one.type === 'found' && other.type === 'found') return one.value === other.value;
  return one.type === other.type;
}

/** One line for people: when, who, what, and the answer. */
export function describe({ client, key, call, invokedMs, returned }: Operation): string {
  const expected = call.type === 'put' && call.expectedVersion !== null ? ` at version ${call.expectedVersion}` : '';
  const asked = call.type === 'put' ? `put ${key} = ${call.value}${expected}` : `${call.type} ${key}`;
  const told = returned === null ? 'no answer' : describeAnswer(returned.answer);
  return `${invokedMs}..${returned?.ms ?? ''} ms  ${client}: ${asked} -> ${told}`;
}

function describeAnswer(answer: Answer): string {
  if (answer.type !== 'found') return answer.type;
  return answer.value === null ? 'no value' : answer.value;
}
