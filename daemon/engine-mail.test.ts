import { expect, it } from 'vitest';
import type { SignatureCheck } from '../chain/validate.ts';
import { EngineMail } from './engine-mail.ts';

const plain = Uint8Array.of(0);
const signed = Uint8Array.of(1);
const useless = Uint8Array.of(2);
const check: SignatureCheck = { message: plain, signature: new Uint8Array(64), publicKey: new Uint8Array(33) };

/** Member 1 is the peer `b`; what is signed waits until the test answers. */
function bench(isHere = () => true) {
  const told: string[] = [];
  const answers: ((isGood: boolean) => void)[] = [];
  const mail = new EngineMail({
    driver: {
      engine: {
        signatureChecks: (_member, message) => (message === useless ? null : message === signed ? [check] : []),
      },
      dispatch: event => {
        if (event.type === 'message') told.push(`${event.from} ${event.member} ${event.message[0]}`);
        return [];
      },
    },
    members: { indexOf: peer => (peer === 'b' && isHere() ? 1 : null) },
    network: { penalize: (peer, code) => told.push(`${peer} pays ${code}`) },
    clock: { now: () => 7 },
    verifier: { verify: () => new Promise(resolve => answers.push(isGood => resolve([isGood]))) },
  });
  return { mail, told, answers };
}

it('what carries no signature is told at once, with the member that its sender is', async () => {
  const { mail, told } = bench();
  const received = [mail.receive('a', plain), mail.receive('b', plain)];
  expect(told).toEqual(['a null 0', 'b 1 0']);
  await Promise.all(received);
});

it('what is signed is told when its signatures are good, and not before', async () => {
  const { mail, told, answers } = bench();
  const received = mail.receive('a', signed);
  expect(told).toEqual([]);
  answers[0]?.(true);
  await received;
  expect(told).toEqual(['a null 1']);
});

it('a member that goes while its message is checked was one when it spoke', async () => {
  let isHere = true;
  const { mail, told, answers } = bench(() => isHere);
  const received = mail.receive('b', signed);
  isHere = false;
  answers[0]?.(true);
  await received;
  expect(told).toEqual(['b 1 1']);
});

it('what the engine has no use for costs no check, is not told, and its sender does not pay', async () => {
  const { mail, told, answers } = bench();
  await mail.receive('b', useless);
  expect([told, answers]).toEqual([[], []]);
});

it('P2: a bad signature costs its sender, and the engine never hears of it', async () => {
  const { mail, told, answers } = bench();
  const received = mail.receive('b', signed);
  answers[0]?.(false);
  await received;
  expect(told).toEqual(['b pays BAD_SIGNATURE']);
});

it('of one peer 16 messages are checked at a time: more are dropped, and others are not held up', async () => {
  const { mail, answers, told } = bench();
  const first = Array.from({ length: 16 }, () => mail.receive('a', signed));
  await mail.receive('a', signed);
  expect(answers).toHaveLength(16);
  const other = mail.receive('b', signed);
  expect(answers).toHaveLength(17);
  for (const answer of answers) answer(true);
  await Promise.all([...first, other]);
  const next = mail.receive('a', signed);
  expect(answers).toHaveLength(18);
  answers[17]?.(true);
  await next;
  expect(told.filter(line => line.startsWith('a'))).toHaveLength(17);
});
