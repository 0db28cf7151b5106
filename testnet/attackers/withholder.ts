/**
 * The attack: announce blocks whose work is done, with transactions that nobody else has, and never give these. The defence: a block counts
 * when its body is there; its sender is one of many who are asked, and nodes go on mining on the last block that is complete, so the
 * attacker alone has lost its work; who lacks a body, or refuses it, is not asked for it again at once (`sync lacking`, `sync failed`).
 * THREATS.md P9, C19.
 */
import { KvchainError } from '../../chain/errors.ts';
import { decodeRequest, encodeBodies, encodeTransactions } from '../../daemon/wire.ts';
import { ownTransaction } from './forgeries.ts';
import { type AttackerParts, keepAttacking, type Policy } from './policy.ts';

const pauseMs = 4_000;

export function withholder(parts: AttackerParts): Policy {
  const secrets = new Set<string>();
  return {
    request: async (data, honestly) => {
      const request = decodeRequest(data);
      if (request.ok && request.value.type === 'getBodies') {
        if (parts.chance.happens(0.5)) throw new KvchainError('NOT_FOUND', 'a withholder gives no bodies');
        return encodeBodies(request.value.hashes.map(() => null));
      }
      if (request.ok && request.value.type === 'getTransactions')
        return encodeTransactions(request.value.witnessIds.map(() => null));
      return honestly();
    },
    // Its own transactions stay its own.
    publish: async (topic, data, publish) => {
      if (topic === 'blocks') await publish(topic, data);
    },
    begin: node =>
      keepAttacking(parts, pauseMs, async () => {
        const transaction = ownTransaction(node.chainId, parts, { nonce: secrets.size });
        const [taken] = await node.pipeline.submitted([transaction], 'attacker');
        if (!taken?.ok) return;
        secrets.add(transaction.idHex);
        parts.deeds.own(transaction.idHex);
        parts.onAttack(`${transaction.idHex.slice(0, 8)} stays secret`);
      }),
  };
}
