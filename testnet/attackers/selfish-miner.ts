/**
 * Selfish mining, algorithm 1 of Eyal and Sirer ("Majority is not enough", 2014). The attack: keep found blocks secret, and publish them when
 * the others are about to catch up, so that these waste work on blocks that will not count. The defence: none that ends it. Of equal branches
 * the first seen counts (A-F1), so the part gamma of the others that mines on the attacker's branch in a tie is the part that hears of it first:
 * one who is better connected than all others has nearly all, and gains with any share of the work; one whom all hear of last needs a third.
 * To choose by chance among equals, as the paper proposes, would make gamma a half and the threshold a quarter for everybody: better against
 * the well connected, worse against all others, and honest nodes would part more often. What is met is the harm to users: transactions of
 * undone blocks come back (`mempool undone`). THREATS.md C2.
 */
import { decodeCompactBlock, decodeHeaders, decodeRequest, encodeHeaders } from '../../daemon/wire.ts';
import type { AttackerParts, Policy, Publish } from './policy.ts';
import { SelfishMiner } from './selfish-mining.ts';

interface Found {
  readonly hashHex: string;
  readonly message: Uint8Array;
}

export function selfishMiner({ onAttack }: AttackerParts): Policy {
  const pool = new SelfishMiner<Found>();
  let publicHeight = 0;
  let publish: Publish = async () => {};
  const tell = async (blocks: readonly Found[]) => {
    if (blocks.length > 0) onAttack(`${blocks.length} blocks that were withheld`);
    for (const { message } of blocks) await publish('blocks', message);
  };
  return {
    begin: (_node, voice) => {
      publish = voice.publish;
    },
    publish: async (topic, data, openly) => {
      const block = topic === 'blocks' ? decodeCompactBlock(data) : null;
      if (block?.ok) await tell(pool.foundOwn({ hashHex: block.value.sealed.hashHex, message: data }));
      else await openly(topic, data);
    },
    gossip: async (topic, data, honestly) => {
      const verdict = await honestly();
      const block = topic === 'blocks' ? decodeCompactBlock(data) : null;
      if (!block?.ok || block.value.sealed.header.height <= publicHeight) return verdict;
      publicHeight = block.value.sealed.header.height;
      await tell(pool.foundByOthers());
      return verdict;
    },
    // Who asks for headers is not told of what is withheld.
    request: async (data, honestly) => {
      const [request, answer] = [decodeRequest(data), await honestly()];
      if (!request.ok || request.value.type !== 'getHeaders') return answer;
      const headers = decodeHeaders(answer);
      const secret = new Set(pool.withheld.map(({ hashHex }) => hashHex));
      return headers.ok ? encodeHeaders(headers.value.filter(({ hashHex }) => !secret.has(hashHex))) : answer;
    },
  };
}
