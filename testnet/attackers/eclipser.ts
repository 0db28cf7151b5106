/**
 * The attack: many identities that dial one victim until its inbound places are full, tell it of each other so that it dials them itself,
 * and give it nothing: no block, no transaction, no answer. The defence: what others dial never takes the places for peers that a node looks
 * for itself, it draws these by chance, and after a restart it dials first whom it had longest. THREATS.md P1.
 */
import { KvchainError } from '../../chain/errors.ts';
import type { NetworkHandlers } from '../../daemon/ports.ts';
import { type AttackerParts, keepAttacking, type Policy, type Voice } from './policy.ts';

const identitiesMax = 16;
const pauseMs = 500;
/** Fellows that each identity dials: enough that all are told of, for who asks one is told of its peers. */
const fellowsDialled = 3;

export function eclipser(parts: AttackerParts): Policy {
  const { openIdentity, onAttack } = parts;
  const addresses: string[] = [];
  let opened = 0;
  return {
    // Its node follows the chain, and is the last to tell of it.
    gossip: async (_topic, _data, honestly) => {
      await honestly();
      return 'ignore';
    },
    publish: async () => {},
    request: giveNothing,
    begin: (_node, voice) => keepAttacking(parts, pauseMs, () => attack(voice)),
  };

  /** One identity more a time, for a crowd at once would be refused by its rate. */
  async function attack(voice: Voice): Promise<void> {
    if (openIdentity === null || opened >= identitiesMax) return;
    opened += 1;
    onAttack(`identity ${opened}`);
    const network = await openIdentity(addresses.slice(-fellowsDialled), mute(voice));
    addresses.push(...network.addresses().slice(0, 1));
  }
}

/** A peer that shakes hands as its owner would, and no more. */
function mute(voice: Voice): NetworkHandlers {
  return {
    localStatus: () => voice.status(),
    onStatus: () => null,
    onPeer: () => {},
    onPeerGone: () => {},
    onGossip: async () => 'ignore',
    onRequest: giveNothing,
    onMessage: () => {},
  };
}

async function giveNothing(): Promise<never> {
  throw new KvchainError('NOT_FOUND', 'nothing of that is known here');
}
