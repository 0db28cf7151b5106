import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Header, type SealedHeader, seal } from '../../chain/block.ts';
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { sha256 } from '../../chain/hash.ts';
import type { Operation } from '../../chain/operation.ts';
import { resultOf } from '../../chain/steps.ts';
import { signTransaction, type Transaction } from '../../chain/transaction.ts';
import type { BodySeal, EngineContext, Template } from '../engine.ts';
import { emptyHeader, genesisTime } from '../engine-context.suite.ts';
import { pointOf } from './block-log.ts';
import { bodySealOf, checkParams, encodeClassroom, operationText, pointerTo } from './classroom.ts';
import { type PaxosEvent, paxos } from './paxos.ts';
import { checkSeal } from './seal.ts';
import { contextOf } from './walk.suite.ts';

interface Vector {
  readonly operation: string;
  readonly nonce: string;
  readonly h: string;
  readonly pointer: string;
  readonly hash: string;
}

const vectorFile = new URL('../../../docs/protocol/vectors/classroom.json', import.meta.url);
const { blocks: vectors }: { readonly blocks: readonly Vector[] } = JSON.parse(readFileSync(vectorFile, 'utf8'));

const plain = contextOf(3);
const params = { ...classroomParams(plain), blockOperationsMax: 1, transactionOperationsMax: 1 };
const context: EngineContext = {
  ...plain,
  genesis: { ...plain.genesis, schedule: [{ height: 0, params }] },
};
const secretKey = new Uint8Array(32).fill(7);

function classroomParams({ genesis }: EngineContext) {
  const [entry] = genesis.schedule;
  if (entry === undefined) throw new Error('a genesis has parameters');
  return { ...entry.params, engineParams: encodeClassroom({ nonceDigits: 1 }) };
}

function transactionOf(operation: Operation): Transaction {
  const chainId = new Uint8Array(32);
  return signTransaction(
    { chainId, nonce: 0, fee: 0n, expiresAt: null, memo: new Uint8Array(), operations: [operation] },
    secretKey,
  );
}

const put: Operation = {
  type: 'put',
  key: 'alice_netid',
  value: toUtf8('{"phone_number": "111-222-3333"}'),
  contentType: '',
  expectedVersion: null,
};

function sealHere(): BodySeal {
  const found = bodySealOf(params);
  if (found === null) throw new Error('these are the parameters of a classroom');
  return found;
}

function templateOn(parent: Header): Template {
  const rest = { bits: 0, timeMin: 0, nonce: 'zeros', when: 'transactions wait' } as const;
  return { parent: new Uint8Array(32), height: parent.height + 1, extension: pointerTo(parent), ...rest };
}

/** A block of this operation, its nonce found. */
function blockOn(parent: SealedHeader, operation: Operation, seed = 1n): SealedHeader {
  const extension = resultOf(sealHere().search(templateOn(parent.header), [transactionOf(operation)], seed));
  const height = parent.header.height + 1;
  const header = { ...emptyHeader, height, parent: parent.hash, time: genesisTime + height, extension };
  return seal(header, new Uint8Array(32), new Uint8Array(64));
}

it.each(vectors)('hashes $operation as sha256sum does', ({ operation, nonce, h, pointer, hash }) => {
  expect(toHex(sha256(toUtf8(operation + nonce)))).toBe(h);
  expect(h).toMatch(/[012]$/);
  expect(toHex(sha256(toUtf8(operation + nonce + pointer)))).toBe(hash);
});

it.each([
  [
    'a value that is JSON as it was typed',
    put,
    '{"op":"put","key":"alice_netid","value":{"phone_number": "111-222-3333"}}',
  ],
  [
    'a text that is none',
    { ...put, value: toUtf8('say "hi"') },
    '{"op":"put","key":"alice_netid","value":"say \\"hi\\""}',
  ],
  ['bytes', { ...put, value: Uint8Array.of(0xff, 1) }, '{"op":"put","key":"alice_netid","value":"0xff01"}'],
  ['a get', { type: 'get', key: 'a"b' } as const, '{"op":"get","key":"a\\"b"}'],
  ['a delete', { type: 'delete', key: 'k' } as const, '{"op":"delete","key":"k"}'],
])('writes %s', (_, operation, text) => {
  expect(operationText(operation)).toBe(text);
});

it('finds a nonce whose texts are those that were hashed, and points to the block before', () => {
  const first = blockOn(context.genesisHeader, put);
  const second = blockOn(first, { type: 'get', key: 'alice_netid' });
  const texts = sealHere().texts(first.header, [transactionOf(put)]);
  expect(texts.h).toBe(toHex(sha256(toUtf8(`${texts.operation}${texts.nonce}`))));
  expect(texts.hash).toBe(toHex(sha256(toUtf8(`${texts.operation}${texts.nonce}${'0'.repeat(64)}`))));
  expect(sealHere().texts(second.header, [transactionOf(put)]).pointer).toBe(texts.hash);
});

it('refuses a header whose seal is of another operation, and one of a block without any', () => {
  const { header } = blockOn(context.genesisHeader, put);
  const check = (transactions: readonly Transaction[]) => sealHere().check(header, transactions);
  expect(check([transactionOf(put)]).ok).toBe(true);
  expect(check([transactionOf({ ...put, key: 'bob_netid' })])).toMatchObject({
    ok: false,
    error: { code: 'BAD_HEADER' },
  });
  expect(check([])).toMatchObject({ ok: false, error: { code: 'BAD_HEADER' } });
});

it('has an extension in a classroom and none elsewhere', () => {
  const sealed = blockOn(context.genesisHeader, put);
  const bare = seal({ ...sealed.header, extension: new Uint8Array() }, sealed.nonce, sealed.signature);
  const elsewhere = { ...params, engineParams: new Uint8Array() };
  expect([checkSeal(sealed, params).ok, checkSeal(bare, params).ok]).toEqual([true, false]);
  expect([checkSeal(sealed, elsewhere).ok, checkSeal(bare, elsewhere).ok]).toEqual([false, true]);
});

it.each([
  ['none', { engineParams: new Uint8Array() }, true],
  ['those of a classroom', {}, true],
  ['no digits', { engineParams: encodeClassroom({ nonceDigits: 0 }) }, false],
  ['more bytes than there are', { engineParams: Uint8Array.of(0x81) }, false],
  ['many operations a block', { blockOperationsMax: 2 }, false],
])('judges parameters: %s', (_, changes, isGood) => {
  expect(checkParams({ ...params, ...changes }).ok).toBe(isGood);
});

function memberWith(...events: readonly PaxosEvent[]) {
  const state = paxos.recover(context, { records: [], tree: [], applied: context.genesisHeader.hash, floor: 0 });
  const effects = events.flatMap(event => paxos.step(state, event));
  return { state, effects };
}

const now = genesisTime + 1_000;
const ballot = { number: 1, member: 1 };

function proposed(sealed: SealedHeader, decided: SealedHeader): readonly PaxosEvent[] {
  const said = { type: 'message', now, from: 'node-1', member: 1 } as const;
  return [
    { type: 'headers', now, from: 'node-1', headers: [sealed] },
    { type: 'body', now, hash: sealed.hash },
    { ...said, message: { type: 'accept', ballot, decided: pointOf(decided), headers: [sealed] } },
  ];
}

it('votes for no block that points to another one than its parent', () => {
  const { genesisHeader } = context;
  const good = blockOn(genesisHeader, put);
  const stranger = blockOn(blockOn(genesisHeader, put, 2n), put);
  const wrong = seal({ ...good.header, extension: stranger.header.extension }, new Uint8Array(32), new Uint8Array(64));
  const sent = (sealed: SealedHeader) =>
    memberWith(...proposed(sealed, genesisHeader)).effects.flatMap(effect =>
      effect.type === 'send' ? [effect.message.type] : [],
    );
  expect(sent(good)).toEqual(['accepted']);
  expect(sent(wrong)).toEqual([]);
});

it('waits with its vote until the parent is here, so that the pointer can be looked at', () => {
  const first = blockOn(context.genesisHeader, put);
  const second = blockOn(first, put);
  const { state, effects } = memberWith({ type: 'start', now }, ...proposed(second, first));
  expect(effects.filter(({ type }) => type === 'send')).toEqual([]);
  const later: readonly PaxosEvent[] = [
    { type: 'headers', now, from: 'node-1', headers: [first] },
    { type: 'body', now, hash: first.hash },
  ];
  const sent = later.flatMap(event => paxos.step(state, event)).filter(({ type }) => type === 'send');
  expect(sent).toMatchObject([{ to: 1, message: { type: 'accepted', upTo: 2 } }]);
});

it('stands for election when it is asked to, and never by itself', () => {
  const { state, effects } = memberWith({ type: 'start', now });
  expect(effects.filter(({ type }) => type === 'setTimer')).toEqual([]);
  const asked = paxos.step(state, { type: 'lead', now });
  expect(asked.map(effect => (effect.type === 'broadcast' ? effect.message.type : effect.type))).toEqual([
    'persist',
    'prepare',
    'setTimer',
  ]);
  paxos.step(state, { type: 'timer', now: state.timers.get('election')?.dueAt ?? now, id: 'election' });
  expect(state.role).toBe('follower');
});

it('leads in silence: it sends its proposal again while not all is decided, and nothing else', () => {
  const { state } = memberWith({ type: 'start', now }, { type: 'lead', now });
  const own = state.promised;
  const said = { type: 'message', now, from: 'node-1', member: 1 } as const;
  const decided = pointOf(context.genesisHeader);
  const elected = paxos.step(state, { ...said, message: { type: 'promise', ballot: own, decided, tentative: [] } });
  expect(elected.flatMap(effect => (effect.type === 'broadcast' ? [effect.message.type] : []))).toEqual(['decide']);
  expect(elected.some(({ type }) => type === 'setTimer')).toBe(false);
  const block = blockOn(context.genesisHeader, put);
  paxos.step(state, { type: 'headers', now, from: null, headers: [block] });
  paxos.step(state, { type: 'body', now, hash: block.hash });
  const again = paxos.step(state, { type: 'timer', now: now + 1_000_000, id: 'heartbeat' });
  expect(again).toMatchObject([{ type: 'broadcast', message: { type: 'accept' } }, { type: 'setTimer' }]);
  paxos.step(state, { ...said, message: { type: 'accepted', ballot: own, decided, upTo: 1, round: 0 } });
  expect(paxos.step(state, { type: 'timer', now: now + 2_000_000, id: 'heartbeat' })).toEqual([]);
});
