/** Whether a peer that shakes hands is of this chain, and the member that it says to be. */
import { equalBytes, toHex } from '../chain/bytes.ts';
import { accept, type Rejection, type Result, reject } from '../chain/errors.ts';
import type { MemberIndex } from '../consensus/engine.ts';
import { checkMemberProof, type MemberChain } from './member-proof.ts';
import type { PeerId } from './ports.ts';
import { decodeStatus, type StatusMessage } from './wire.ts';

/** Handshakes under way whose status is remembered; the oldest are forgotten first. */
const handshakesMax = 1_000;

/** A node's chain, and which member of it the node is; null for none. */
export interface HostChain extends MemberChain {
  readonly self: MemberIndex | null;
}

/** Handshakes that were welcomed, until their connection is told. */
export class Welcomes {
  readonly #host: HostChain;
  readonly #statuses = new Map<PeerId, StatusMessage>();

  constructor(host: HostChain) {
    this.#host = host;
  }

  /** Null welcomes the peer; another chain, and who is not the member that it says to be, are refused in words. */
  judge(peer: PeerId, bytes: Uint8Array): Rejection | null {
    const status = readStatus(this.#host.chainId, bytes);
    if (!status.ok) return status.error;
    const proven = this.#checkMember(peer, status.value);
    if (!proven.ok) return proven.error;
    this.#statuses.delete(peer);
    this.#statuses.set(peer, status.value);
    // Whoever hangs up now is never told as a peer, so what it said would stay.
    const [oldest] = this.#statuses.keys();
    if (oldest !== undefined && this.#statuses.size > handshakesMax) this.#statuses.delete(oldest);
    return null;
  }

  /** What the peer said, whose connection stands now; null when it was not welcomed, or too long ago. */
  take(peer: PeerId): StatusMessage | null {
    const status = this.#statuses.get(peer) ?? null;
    this.#statuses.delete(peer);
    return status;
  }

  #checkMember(peer: PeerId, { memberProof }: StatusMessage): Result<null> {
    const proven = memberProof === null ? accept(null) : checkMemberProof(this.#host, peer, memberProof);
    if (!proven.ok || memberProof === null || memberProof.member !== this.#host.self) return proven;
    return reject('BAD_MESSAGE', `member ${memberProof.member} is this node: one key is in use on two machines`);
  }
}

/** What the peer's status says; another chain is refused in words. */
export function readStatus(chainId: Uint8Array, bytes: Uint8Array): Result<StatusMessage> {
  const status = decodeStatus(bytes);
  if (!status.ok || equalBytes(status.value.chainId, chainId)) return status;
  return reject('WRONG_NETWORK', `chainId ${toHex(status.value.chainId)}, this node is on ${toHex(chainId)}`);
}
