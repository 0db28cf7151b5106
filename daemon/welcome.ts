/** Whether a peer that shakes hands is of this chain. */
import { equalBytes, toHex } from '../chain/bytes.ts';
import { type Result, reject } from '../chain/errors.ts';
import { decodeStatus, type StatusMessage } from './wire.ts';

/** What the peer's status says; another chain is refused in words. */
export function readStatus(chainId: Uint8Array, bytes: Uint8Array): Result<StatusMessage> {
  const status = decodeStatus(bytes);
  if (!status.ok || equalBytes(status.value.chainId, chainId)) return status;
  return reject('WRONG_NETWORK', `chainId ${toHex(status.value.chainId)}, this node is on ${toHex(chainId)}`);
}
