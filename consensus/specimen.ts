/** Examples of what an engine's nodes say and write down, with what reads them: where the fuzzer begins. */
import type { SealedHeader } from '../chain/block.ts';
import { type Codec, decodeBytes, encode } from '../chain/codec.ts';
import { accept, type Result } from '../chain/errors.ts';

export interface Specimens {
  /** Such as `paxos-message`. */
  readonly name: string;
  /** One of each kind, encoded. */
  readonly encoded: readonly Uint8Array[];
  /** Decodes as a node does and encodes what came out. Errors: those of the codec. */
  recode(bytes: Uint8Array): Result<Uint8Array>;
}

/** Made with these headers, at least one. */
export type SpecimenMaker = (headers: readonly SealedHeader[]) => readonly Specimens[];

export function specimensOf<T>(name: string, codec: Codec<T>, values: readonly T[]): Specimens {
  return {
    name,
    encoded: values.map(value => encode(codec, value)),
    recode: bytes => {
      const decoded = decodeBytes(codec, bytes, bytes.length);
      return decoded.ok ? accept(encode(codec, decoded.value)) : decoded;
    },
  };
}
