/** Vectors of the state: its keys and records, roots of trees, proofs, and proof files. */
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { decodeBytes } from '../../chain/codec.ts';
import { errorCodes, errorRow, rpcNumber } from '../../chain/errors.ts';
import { type KeyClaim, makeProofFile, type ProofFile } from '../../chain/proof.ts';
import {
  accountCodec,
  keyRecordCodec,
  keyStateKey,
  pathOf,
  payloadHashOf,
  recordBytesMax,
  supplyCodec,
} from '../../chain/state.ts';
import { StateTree, type StateUpdate } from '../../chain/state-tree.ts';
import { encodeStateProof } from '../../chain/state-tree-proof.ts';
import { block1, changes1, exampleChainId, tree1 } from './example-chain.ts';
import { type Json, showFields } from './show.ts';

const noHash = new Uint8Array(32);

/** The records after block 1 with their paths and payload hashes; roots of growing trees; proofs in the state after block 1. */
export function stateVectors(): Json {
  const leaves = Array.from({ length: 5 }, (_, index): StateUpdate => {
    const path = pathOf(toUtf8(`path ${index}`));
    return { path, payloadHash: payloadHashOf(toUtf8(`payload ${index}`)) };
  });
  return {
    records: changes1.map(({ stateKey, after }) => {
      const record = after ?? new Uint8Array(0);
      return {
        stateKey: toHex(stateKey),
        path: toHex(pathOf(stateKey)),
        record: showRecord(stateKey, record),
        hex: toHex(record),
        payloadHash: toHex(payloadHashOf(record)),
      };
    }),
    root: toHex(tree1.root()),
    leaves: leaves.map(leaf => showFields(leaf)),
    roots: Array.from({ length: 6 }, (_, count) => toHex(rootOf(leaves.slice(0, count)))),
    closeLeaves: closeLeaves.map(leaf => showFields(leaf)),
    closeRoot: toHex(rootOf(closeLeaves)),
    proofs: stateProofs(),
  };
}

/** Paths that part at the last bit, at the first, and in the middle. */
const closeLeaves: readonly StateUpdate[] = [
  ['00'.repeat(32), 1],
  [`${'00'.repeat(31)}01`, 2],
  [`80${'00'.repeat(31)}`, 3],
  [`${'00'.repeat(16)}80${'00'.repeat(15)}`, 4],
].map(([path, payload]) => ({
  path: Uint8Array.from(Buffer.from(String(path), 'hex')),
  payloadHash: noHash.with(31, Number(payload)),
}));

function rootOf(leaves: readonly StateUpdate[]): Uint8Array {
  const tree = new StateTree();
  tree.update(leaves);
  return tree.root();
}

function showRecord(stateKey: Uint8Array, record: Uint8Array): Json {
  const codecs = { 1: keyRecordCodec, 2: accountCodec, 3: supplyCodec } as const;
  const codec = codecs[stateKey[0] === 1 ? 1 : stateKey[0] === 2 ? 2 : 3];
  const decoded = decodeBytes<object>(codec, record, recordBytesMax);
  return decoded.ok ? showFields(decoded.value) : null;
}

/** Proofs of presence and absence, each true only for its own payload hash. */
function stateProofs(): Json {
  const root = toHex(tree1.root());
  const keys = ['greeting', 'bytes', 'gone', 'nothing', 'nothing else', 'a third absent key'];
  return keys.map(key => {
    const stateKey = keyStateKey(key);
    const record = changes1.find(change => toHex(change.stateKey) === toHex(stateKey))?.after ?? null;
    const proof = tree1.prove(pathOf(stateKey));
    return {
      key,
      path: toHex(pathOf(stateKey)),
      payloadHash: record && toHex(payloadHashOf(record)),
      depth: proof.depth,
      bitmap: toHex(proof.bitmap),
      siblings: proof.siblings.map(toHex),
      otherLeaf: proof.otherLeaf && showFields(proof.otherLeaf),
      hex: toHex(encodeStateProof(proof)),
      root,
    };
  });
}

/** Proof files that hold, and files of which something was changed. */
export function proofVectors(): Json {
  const present = proofFile('greeting', toUtf8('hello, world'));
  const binary = proofFile('bytes', Uint8Array.of(0xff, 0, 0x80));
  const deleted = proofFile('gone', null);
  const absent = proofFile('nothing', null);
  const good = { present, binary, deleted, absent };
  const claim = (replaced: object) => ({ ...present, claim: { ...present.claim, ...replaced } });
  const { certificate: _, ...bare } = { ...present, certificate: '' };
  const refused: readonly (readonly [name: string, file: object])[] = [
    ['another value', claim({ value: 'hello, World' })],
    ['another version', claim({ version: 2 })],
    ['another owner', claim({ owner: '00'.repeat(20) })],
    ['another key', claim({ key: 'Greeting' })],
    ['another height', claim({ height: 0 })],
    ['another content type', claim({ contentType: '' })],
    ['a version that was rounded', claim({ version: 2 ** 53 })],
    ['base64 that is none', claim({ encoding: 'base64' })],
    ['a lone surrogate as the key', claim({ key: '\ud800' })],
    ['a claim of both', claim({ absent: true })],
    ['absent but there', { ...present, claim: { key: 'greeting', absent: true } }],
    ['absent: false', { ...absent, claim: { key: 'nothing', absent: false } }],
    ['never written but deleted', { ...deleted, claim: { key: 'gone', absent: true } }],
    ['deleted but never written', { ...absent, claim: { ...deleted.claim, key: 'nothing' } }],
    ['the proof of another key', { ...present, proof: absent.proof }],
    ['a proof that is cut', { ...present, proof: present.proof.slice(0, -2) }],
    ['no siblings', { ...present, proof: '0000' }],
    [
      'another state root',
      { ...present, header: present.header.replace(toHex(block1.header.stateRoot), '00'.repeat(32)) },
    ],
    ['a header with a byte more', { ...present, header: `${present.header}00` }],
    ['a nonce of 31 bytes', { ...present, nonce: '00'.repeat(31) }],
    ['an unknown key', { ...bare, colour: 'red' }],
    ['an unknown kind', { ...present, kind: 'account' }],
    ['no header', { ...present, header: undefined }],
    ['another format', { ...present, format: 'kvchain-genesis' }],
  ];
  return {
    hash: block1.hashHex,
    good: Object.entries(good).map(([name, file]) => ({ name, file: jsonOf(file) })),
    refused: [
      ...refused.map(([name, file]) => ({
        name,
        file: jsonOf(file),
        code: 'NOT_VERIFIED',
      })),
      { name: 'a newer version', file: jsonOf({ ...present, version: 2 }), code: 'BAD_VERSION' },
    ],
  };
}

/** As it stands in a file. */
function jsonOf(file: object): Json {
  return JSON.parse(JSON.stringify(file));
}

function proofFile(key: string, value: Uint8Array | null): ProofFile {
  return makeProofFile({
    ...claimOf(key, value),
    chainId: exampleChainId,
    sealed: block1,
    proof: tree1.prove(pathOf(keyStateKey(key))),
    certificate: null,
  });
}

function claimOf(key: string, value: Uint8Array | null): KeyClaim {
  const stateKey = toHex(keyStateKey(key));
  const bytes = changes1.find(change => toHex(change.stateKey) === stateKey)?.after ?? null;
  const decoded = bytes && decodeBytes(keyRecordCodec, bytes, recordBytesMax);
  return { key, record: decoded?.ok === true ? decoded.value : null, value };
}

/** The table of errors, in the order of their numbers. */
export function errorVectors(): Json {
  return errorCodes().map(code => {
    const { number, http, exit, penalty } = errorRow(code);
    return { code, number, rpc: rpcNumber(code), http, exit, penalty };
  });
}
