/** How often `pow-paxos` makes a block final, and how deep it lies then: the engine's own parameters in the genesis. */
import { type Codec, decodeBytes, encode, struct, uint } from './codec.ts';
import { accept, type Result, reject } from './errors.ts';

export interface FinalityParams {
  /** E: blocks from one checkpoint to the next. */
  readonly spacing: number;
  /** c: blocks above a block before it is proposed. */
  readonly depth: number;
}

/** What no parameters mean. */
export const defaultFinality: FinalityParams = { spacing: 10, depth: 3 };
/** Members of a `pow-paxos` network: the certificate of a majority has to fit into a handshake. */
export const finalityMembersMax = 63;

/** E at most. */
const spacingMax = 1_000;
/** c at most. */
const depthMax = 1_000;
const codec: Codec<FinalityParams> = struct<FinalityParams>({ spacing: uint(), depth: uint() });
/** Of the encoded parameters. */
const finalityBytesMax = 16;

/** [spacing, depth] as the genesis holds them. */
export function encodeFinality(params: FinalityParams): Uint8Array {
  return encode(codec, params);
}

/** Reads `engineParams`; none are the defaults. Error: BAD_GENESIS with the value and what was expected. */
export function decodeFinality(bytes: Uint8Array): Result<FinalityParams> {
  if (bytes.length === 0) return accept(defaultFinality);
  const decoded = decodeBytes(codec, bytes, finalityBytesMax);
  if (!decoded.ok)
    return reject('BAD_GENESIS', `${bytes.length} bytes, expected [spacing, depth] (${decoded.error.detail})`);
  const { spacing, depth } = decoded.value;
  if (spacing < 1 || spacing > spacingMax)
    return reject('BAD_GENESIS', `checkpoint spacing ${spacing}, expected 1 to ${spacingMax}`);
  if (depth > depthMax) return reject('BAD_GENESIS', `checkpoint depth ${depth}, expected 0 to ${depthMax}`);
  return decoded;
}
