/**
 * The attack: whoever asks for headers gets a list without its beginning, of which nothing can be placed: the asker holds it for a while, and
 * asks again. The defence: an answer has to continue what the asker named (`sync continues`), and who gives another one pays as for any
 * message that is none. THREATS.md C18, P9.
 */
import { decodeHeaders, decodeRequest, encodeHeaders } from '../../daemon/wire.ts';
import type { AttackerParts, Policy } from './policy.ts';

export function leaper({ self, deeds, onAttack }: AttackerParts): Policy {
  return {
    request: async (data, honestly) => {
      const [request, answer] = [decodeRequest(data), await honestly()];
      if (!request.ok || request.value.type !== 'getHeaders') return answer;
      const headers = decodeHeaders(answer);
      // Who names the parent of the only header can place it, and who is given none has nothing to place.
      if (!headers.ok || headers.value.length < 2) return answer;
      deeds.offence(self);
      onAttack('headers without their beginning');
      return encodeHeaders(headers.value.slice(1));
    },
  };
}
