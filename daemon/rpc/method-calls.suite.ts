/** Calls of methods, each test against a server of its own; every result is checked against the schema of the table. */
import { afterEach, beforeEach, expect } from 'vitest';
import { toUtf8 } from '../../chain/bytes.ts';
import { addressOf, formatAddress, publicKeyOf } from '../../chain/keys.ts';
import type { Operation } from '../../chain/operation.ts';
import { signTransaction, type Transaction } from '../../chain/transaction.ts';
import { type api, type MethodName, rowOf } from './api.ts';
import { aliceKey, bobKey } from './little-node.suite.ts';
import { startUnderTest, type UnderTest } from './server-under-test.suite.ts';

/** The server of the test that runs. */
export let under: UnderTest;

/** Every test of the file that calls this has a server of its own. */
export function serveEachTest(): void {
  beforeEach(async () => {
    under = await startUnderTest();
  });
  afterEach(() => under.close());
}

export const alice = formatAddress(addressOf(publicKeyOf(aliceKey)), 'kvt');
export const bob = formatAddress(addressOf(publicKeyOf(bobKey)), 'kvt');

export function put(key: string, value: string, nonce: number, secretKey = aliceKey): Transaction {
  const operation: Operation = { type: 'put', key, value: toUtf8(value), contentType: '', expectedVersion: null };
  return signed([operation], nonce, secretKey);
}

function signed(operations: readonly Operation[], nonce: number, secretKey = aliceKey): Transaction {
  const { chainId } = under.node;
  return signTransaction({ chainId, nonce, fee: 0n, expiresAt: null, memo: new Uint8Array(0), operations }, secretKey);
}

/** The result, checked against the schema of the table. */
export async function ok<M extends MethodName>(
  method: M,
  params: object = {},
): Promise<ReturnType<(typeof api)[M]['result']['parse']>> {
  const answer = await under.rpc(method, params);
  expect(answer.error).toBeUndefined();
  return rowOf(method).result.parse(answer.result) as ReturnType<(typeof api)[M]['result']['parse']>;
}

/** The code that the call is refused with. */
export async function code(method: string, params: object = {}): Promise<string> {
  const answer = await under.rpc(method, params);
  expect(answer.result).toBeUndefined();
  expect(answer.error.data.action).not.toBe('');
  return answer.error.data.code;
}
