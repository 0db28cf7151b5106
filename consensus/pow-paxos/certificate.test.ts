/** The bytes of docs/protocol/finality.md, from the vectors, and what a certificate must be. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fromHex, toHex } from '../../chain/bytes.ts';
import { decodeBytes, encode } from '../../chain/codec.ts';
import { sha256 } from '../../chain/hash.ts';
import { verify } from '../../chain/keys.ts';
import { signerOf } from '../../chain/transaction.ts';
import { type Acceptance, acceptanceMessage, type Certificate, checksOf, isMajority, signVote } from './certificate.ts';
import { type Checkpoint, checkCheckpoint, checkpointCodec, checkpointOf, idOf, sealCheckpoint } from './checkpoint.ts';
import { committeeContext } from './committee-chain.suite.ts';
import { type Message, messageCodec } from './messages.ts';

interface Vectors {
  readonly chainId: string;
  readonly secrets: readonly string[];
  readonly checkpoints: readonly {
    number: number;
    height: number;
    hash: string;
    previous: string;
    hex: string;
    id: string;
  }[];
  readonly ballot: { number: number; member: number };
  readonly signed: readonly { checkpoint: number; message: string; member: number; signature: string }[];
  readonly messages: readonly { name: string; hex: string }[];
  readonly refused: readonly { name: string; hex: string; code: string }[];
}

const vectors: Vectors = JSON.parse(readFileSync('docs/protocol/vectors/finality.json', 'utf8'));
const chainId = bytes(vectors.chainId);
const signers = vectors.secrets.map(secret => signerOf(bytes(secret)));
const checkpoints = vectors.checkpoints.map(
  ({ number, height, hash, previous }): Checkpoint => ({
    number,
    block: { height, hash: bytes(hash) },
    previous: bytes(previous),
  }),
);
const members = signers.map(({ publicKey }, index) => ({ name: `member-${index}`, publicKey }));
const genesis = { ...committeeContext(1, null).genesis, members };

function bytes(hex: string): Uint8Array {
  const found = fromHex(hex);
  if (found === null) throw new Error(`${hex} is not hexadecimal`);
  return found;
}

function acceptanceOf(index: number): Acceptance {
  const checkpoint = checkpoints[index];
  if (checkpoint === undefined) throw new Error(`there is no checkpoint ${index}`);
  return { checkpoint, ballot: vectors.ballot };
}

function certificateBy(...voters: readonly number[]): Certificate {
  const acceptance = acceptanceOf(0);
  const signatures = voters.map(member => ({
    member,
    signature: signVote(chainId, acceptance, signers[member] ?? signerOf(chainId)).signature,
  }));
  return { ...acceptance, signatures };
}

it('a checkpoint has the bytes and the id of the vectors, and each is linked to the one before', () => {
  for (const [index, checkpoint] of checkpoints.entries()) {
    const row = vectors.checkpoints[index];
    expect(toHex(encode(checkpointCodec, checkpoint))).toBe(row?.hex);
    expect(toHex(idOf(checkpoint))).toBe(row?.id);
    if (index > 0) expect(row?.previous).toBe(vectors.checkpoints[index - 1]?.id);
    expect(checkpointOf(sealCheckpoint(checkpoint))).toEqual(checkpoint);
  }
});

it('a vote signs the message of the vectors', () => {
  for (const { checkpoint, message, member, signature } of vectors.signed) {
    const acceptance = acceptanceOf(checkpoint);
    expect(toHex(acceptanceMessage(chainId, acceptance))).toBe(message);
    const publicKey = members[member]?.publicKey ?? new Uint8Array();
    expect(verify(sha256(bytes(message)), bytes(signature), publicKey)).toBe(true);
    const signer = signers[member];
    expect(signer && toHex(signVote(chainId, acceptance, signer).signature)).toBe(signature);
  }
});

it.each(vectors.messages)('message $name decodes and encodes to the same bytes', ({ hex }) => {
  const decoded = decodeBytes<Message>(messageCodec, bytes(hex), 100_000);
  expect(decoded.ok && toHex(encode(messageCodec, decoded.value))).toBe(hex);
});

it.each(vectors.refused)('message $name is refused', ({ hex, code }) => {
  expect(decodeBytes<Message>(messageCodec, bytes(hex), 100_000)).toMatchObject({ ok: false, error: { code } });
});

it('F-I4: a certificate has a majority of distinct members in their order', () => {
  expect(isMajority(certificateBy(0, 2), genesis)).toBe(true);
  expect(isMajority(certificateBy(0, 1, 2), genesis)).toBe(true);
  for (const voters of [[], [1], [2, 0], [1, 1], [1, 3]])
    expect(isMajority(certificateBy(...voters), genesis)).toBe(false);
});

it('F-4: each signature is checked against its member, whatever the certificate says', () => {
  const certificate = certificateBy(0, 2);
  const areGood = (other: Certificate) =>
    checksOf(chainId, genesis, other, other.signatures).every(({ message, signature, publicKey }) =>
      verify(sha256(message), signature, publicKey),
    );
  expect(areGood(certificate)).toBe(true);
  expect(areGood({ ...certificate, ballot: { ...certificate.ballot, number: 9 } })).toBe(false);
  expect(areGood({ ...certificate, checkpoint: acceptanceOf(1).checkpoint })).toBe(false);
  const [first, second] = certificate.signatures;
  if (first === undefined || second === undefined) throw new Error('two signed');
  const swapped = [
    { ...first, signature: second.signature },
    { ...second, signature: first.signature },
  ];
  expect(areGood({ ...certificate, signatures: swapped })).toBe(false);
});

it('B-A6: a header that says more than a checkpoint is none', () => {
  const sealed = sealCheckpoint(acceptanceOf(0).checkpoint);
  expect(checkCheckpoint(sealed).ok).toBe(true);
  const { header } = sealed;
  const hash = new Uint8Array(32).fill(1);
  expect(checkCheckpoint({ ...sealed, header: { ...header, extension: new Uint8Array() } }).ok).toBe(false);
  expect(checkpointOf({ ...sealed, hash, hashHex: toHex(hash) })).toBeNull();
});
