/**
 * The proof file: what a key holds, or that it holds nothing, with all that shows it against the state root of one header. Whoever has
 * the file needs no node to check it, but must find out for himself that the header is on the chain: `verifyProof` says only "proves
 * against this header".
 *
 * A key has no value when its path in the state tree is empty (never written), or when its record there is a tombstone (deleted). The
 * second is proved by the presence of that record, which the claim then spells out in `tombstone`. docs/protocol/formats.md has every key.
 */
import { base64 } from '@scure/base';
import { blockHash, contentHash, type Header, headerCodec, type SealedHeader } from './block.ts';
import { equalBytes, fromUtf8, isWellFormed, toHex, toUtf8 } from './bytes.ts';
import { decodeBytes, encode } from './codec.ts';
import { KvchainError, type Result } from './errors.ts';
import { sha256 } from './hash.ts';
import {
  checkFormat,
  checkKeys,
  choice,
  field,
  hexBytes,
  type JsonNode,
  natural,
  readField,
  readJson,
  readJsonFile,
  refuse,
  textOf,
} from './json-file.ts';
import { addressLength } from './keys.ts';
import { contentTypeBytesMax, keyBytesMax, valueBytesMax } from './operation.ts';
import { type KeyRecord, keyRecordCodec, keyStateKey, pathOf, payloadHashOf } from './state.ts';
import {
  decodeStateProof,
  encodeStateProof,
  type StateProof,
  stateProofBytesMax,
  verifyStateProof,
} from './state-tree-proof.ts';

export const proofFormat = 'kvchain-proof';
export const proofVersion = 1;
/** Longer texts are refused before they are parsed: the largest value, escaped, with the largest certificate. */
export const proofTextMax = 1_048_576;
/** A certificate is at most this long; what it says is the engine's. */
const certificateBytesMax = 131_072;

/** What a proof is about: the key, the record that the state holds for it, if any, and the value (null for a tombstone or no record). */
export interface KeyClaim {
  readonly key: string;
  readonly record: KeyRecord | null;
  readonly value: Uint8Array | null;
}

/** What the author of a proof puts together. */
export interface ProofParts extends KeyClaim {
  readonly chainId: Uint8Array;
  readonly sealed: SealedHeader;
  readonly proof: StateProof;
  /** Shows that the header is final, in the engine's own encoding; null where there is none. */
  readonly certificate: Uint8Array | null;
}

/** What a proof file proves: the claim holds in the state after the block with this header. Whether that block counts is another question. */
export interface ProvenClaim extends KeyClaim {
  readonly verdict: 'proves against this header';
  /** Which chain the file says it is of. Only following that chain's headers to `hash` shows it. */
  readonly chainId: Uint8Array;
  readonly header: Header;
  /** The hash of the block, computed from the header and its nonce. */
  readonly hash: Uint8Array;
  readonly certificate: Uint8Array | null;
}

/** A value as JSON carries it: text where the bytes are UTF-8, else base64. */
export interface ValueText {
  readonly value: string;
  readonly encoding: 'utf8' | 'base64';
}

interface RecordText {
  readonly version: number;
  readonly owner: string;
  readonly valueVersion: number;
  readonly contentType: string;
  readonly height: number;
}

/** The JSON of a proof file. Bytes are hexadecimal, but for the value. */
export interface ProofFile {
  readonly format: typeof proofFormat;
  readonly version: typeof proofVersion;
  readonly kind: 'key';
  readonly chainId: string;
  readonly claim:
    | ({ readonly key: string } & ValueText & RecordText)
    | { readonly key: string; readonly absent: true; readonly tombstone?: RecordText };
  readonly header: string;
  readonly nonce: string;
  readonly proof: string;
  readonly certificate?: string;
}

/** Puts a proof file together; nothing is checked. */
export function makeProofFile({ chainId, key, record, value, sealed, proof, certificate }: ProofParts): ProofFile {
  return {
    format: proofFormat,
    version: proofVersion,
    kind: 'key',
    chainId: toHex(chainId),
    claim: writeClaim({ key, record, value }),
    header: toHex(encode(headerCodec, sealed.header)),
    nonce: toHex(sealed.nonce),
    proof: toHex(encodeStateProof(proof)),
    ...(certificate === null ? {} : { certificate: toHex(certificate) }),
  };
}

/** Reads and checks the text of a proof file. Errors: those of `verifyProof`, TOO_LARGE. */
export function verifyProofText(text: string): Result<ProvenClaim> {
  return readJsonFile(text, { name: 'proof file', code: 'NOT_VERIFIED', textMax: proofTextMax }, prove);
}

/** Checks a proof file that is parsed already. Total. Errors: NOT_VERIFIED with the reason, BAD_VERSION for a newer format. */
export function verifyProof(json: unknown): Result<ProvenClaim> {
  return readJson(json, 'NOT_VERIFIED', prove);
}

/** A value as the API and the proof file show it. */
export function formatValue(value: Uint8Array): ValueText {
  const text = fromUtf8(value);
  return text === null ? { value: base64.encode(value), encoding: 'base64' } : { value: text, encoding: 'utf8' };
}

/** The bytes of a value from outside, or null when the text is not in its encoding. */
export function parseValue({ value, encoding }: ValueText): Uint8Array | null {
  if (encoding === 'utf8') return isWellFormed(value) ? toUtf8(value) : null;
  try {
    return base64.decode(value);
  } catch {
    return null;
  }
}

function prove(file: JsonNode): ProvenClaim {
  checkFormat(file, proofFormat, proofVersion);
  checkKeys(file, ['format', 'version', 'kind', 'chainId', 'claim', 'header', 'nonce', 'proof'], ['certificate']);
  readField(file, 'kind', choice(['key']));
  const claim = readClaim(field(file, 'claim'));
  const header = readHeader(file);
  const chainId = readField(file, 'chainId', hexBytes(32));
  if (header.height === 0 && !equalBytes(header.parent, chainId))
    refuse(field(file, 'header'), 'block 0 of this chain');
  const proof = decodeStateProof(readField(file, 'proof', hexBytes(2, stateProofBytesMax)));
  if (proof === null) return refuse(field(file, 'proof'), 'the canonical encoding of a state proof');
  const path = pathOf(keyStateKey(claim.key));
  const payloadHash = claim.record && payloadHashOf(encode(keyRecordCodec, claim.record));
  if (!verifyStateProof({ root: header.stateRoot, path, payloadHash, proof })) {
    throw new KvchainError(
      'NOT_VERIFIED',
      `the proof does not lead from the claim to the stateRoot ${toHex(header.stateRoot)}`,
    );
  }
  return {
    verdict: 'proves against this header',
    ...claim,
    chainId,
    header,
    hash: blockHash(contentHash(header), readField(file, 'nonce', hexBytes(32))),
    certificate: readCertificate(file),
  };
}

function readHeader(file: JsonNode): Header {
  const decoded = decodeBytes(headerCodec, readField(file, 'header', hexBytes(1, 1_024)), 1_024);
  return decoded.ok ? decoded.value : refuse(field(file, 'header'), `a header: ${decoded.error.detail}`);
}

function readCertificate(file: JsonNode): Uint8Array | null {
  const node = field(file, 'certificate');
  return node.json === undefined ? null : readField(file, 'certificate', hexBytes(0, certificateBytesMax));
}

const keyText = textOf(1, keyBytesMax);
const encodings = choice<ValueText['encoding']>(['utf8', 'base64']);
const recordKeys = ['version', 'owner', 'valueVersion', 'contentType', 'height'];

function writeClaim({ key, record, value }: KeyClaim): ProofFile['claim'] {
  if (record === null) return { key, absent: true };
  if (value === null) return { key, absent: true, tombstone: writeRecord(record) };
  return { key, ...formatValue(value), ...writeRecord(record) };
}

function writeRecord({ version, owner, valueVersion, contentType, height }: KeyRecord): RecordText {
  return { version, owner: toHex(owner), valueVersion, contentType, height };
}

function readClaim(node: JsonNode): KeyClaim {
  const key = readField(node, 'key', keyText);
  if (field(node, 'absent').json === undefined) {
    checkKeys(node, ['key', 'value', 'encoding', ...recordKeys]);
    const value = readClaimedValue(node);
    return { key, value, record: readRecord(node, sha256(value)) };
  }
  checkKeys(node, ['key', 'absent'], ['tombstone']);
  const absent = field(node, 'absent');
  if (absent.json !== true) refuse(absent, 'true');
  const tombstone = field(node, 'tombstone');
  if (tombstone.json === undefined) return { key, value: null, record: null };
  checkKeys(tombstone, recordKeys);
  return { key, value: null, record: readRecord(tombstone, null) };
}

function readClaimedValue(node: JsonNode): Uint8Array {
  const encoding = readField(node, 'encoding', encodings);
  const { json } = field(node, 'value');
  const value = typeof json === 'string' ? parseValue({ value: json, encoding }) : null;
  if (value !== null && value.length <= valueBytesMax) return value;
  return refuse(field(node, 'value'), `${encoding} of at most ${valueBytesMax} bytes`);
}

function readRecord(node: JsonNode, valueHash: Uint8Array | null): KeyRecord {
  return {
    version: readField(node, 'version', natural),
    owner: readField(node, 'owner', hexBytes(addressLength)),
    valueHash,
    valueVersion: readField(node, 'valueVersion', natural),
    contentType: readField(node, 'contentType', textOf(0, contentTypeBytesMax)),
    height: readField(node, 'height', natural),
  };
}
