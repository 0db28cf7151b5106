/** What a header of this engine looks like: no work is done for it, and the engine adds nothing but the seal of a classroom. */
import { headerVersion, type SealedHeader } from '../../chain/block.ts';
import { equalBytes } from '../../chain/bytes.ts';
import { accept, type Result, reject } from '../../chain/errors.ts';
import type { Params } from '../../chain/genesis.ts';
import { zeroHash } from '../../chain/hash.ts';
import { checkExtension, classroomOf } from './classroom.ts';

/** What the seal of an ordered value must fulfil. */
export type SealRule = (sealed: SealedHeader, params: Params) => Result<null>;

/** B-A6: known version, bits 0, nonce of zeros, an extension in classrooms alone. Codes: BAD_VERSION, BAD_BITS, BAD_HEADER. */
export function checkSeal({ header, nonce }: SealedHeader, params: Params): Result<null> {
  const { version, bits, extension } = header;
  if (version !== headerVersion) {
    return reject('BAD_VERSION', `header version ${version} is not known, only ${headerVersion}: an upgrade is needed`);
  }
  if (bits !== 0) return reject('BAD_BITS', `bits ${bits} in a chain without proof of work, expected 0`);
  if (!equalBytes(nonce, zeroHash))
    return reject('BAD_HEADER', 'a nonce in a chain without proof of work, expected zeros');
  if (classroomOf(params) !== null) return checkExtension(extension);
  if (extension.length > 0) return reject('BAD_HEADER', `extension of ${extension.length} bytes, paxos has none`);
  return accept(null);
}
