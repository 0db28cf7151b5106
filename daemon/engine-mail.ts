/**
 * What peers say to the engine: a message is told to it once the signatures that it carries are good, which is checked off the main
 * thread. One with a bad signature costs its sender, one without any goes straight on, and one that the engine has no use for is dropped.
 */
import type { MemberIndex } from '../consensus/engine.ts';
import type { EngineInstance } from '../consensus/instance.ts';
import type { Driver } from './driver.ts';
import type { MemberPeers } from './member-peers.ts';
import type { Clock, Network, PeerId, Verifier } from './ports.ts';

/** Messages of one peer whose signatures are checked at a time; more are dropped, as engines repeat what matters. */
const checkedMessagesMax = 16;

export interface EngineMailParts {
  readonly driver: Pick<Driver, 'dispatch'> & { readonly engine: Pick<EngineInstance, 'signatureChecks'> };
  readonly members: Pick<MemberPeers, 'indexOf'>;
  readonly network: Pick<Network, 'penalize'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly verifier: Pick<Verifier, 'verify'>;
}

export class EngineMail {
  readonly #parts: EngineMailParts;
  readonly #checking = new Map<PeerId, number>();

  constructor(parts: EngineMailParts) {
    this.#parts = parts;
  }

  /** Resolves when the message was told, or dropped. */
  async receive(from: PeerId, message: Uint8Array): Promise<void> {
    const { driver, members, verifier, network } = this.#parts;
    const member = members.indexOf(from);
    const checks = driver.engine.signatureChecks(member, message);
    if (checks === null) return;
    if (checks.length === 0) {
      this.#tell(from, member, message);
      return;
    }
    const checking = this.#checking.get(from) ?? 0;
    if (checking >= checkedMessagesMax) return;
    this.#checking.set(from, checking + 1);
    try {
      const answers = await verifier.verify(checks);
      // Who spoke is who it was then, also when it has gone meanwhile.
      if (!answers.includes(false)) this.#tell(from, member, message);
      else network.penalize(from, 'BAD_SIGNATURE', 'a message of the engine with a bad signature');
    } finally {
      this.#done(from);
    }
  }

  #tell(from: PeerId, member: MemberIndex | null, message: Uint8Array): void {
    const { driver, clock } = this.#parts;
    driver.dispatch({ type: 'message', now: clock.now(), from, member, message });
  }

  #done(from: PeerId): void {
    const left = (this.#checking.get(from) ?? 1) - 1;
    if (left === 0) this.#checking.delete(from);
    else this.#checking.set(from, left);
  }
}
