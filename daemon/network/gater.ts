/** Who may connect to us and to whom we may connect: asked by libp2p before, during and after encryption. */
import type { ConnectionGater } from '@libp2p/interface';
import { parseAddress } from './addresses.ts';
import type { NetworkLimits } from './limits.ts';
import type { Links } from './links.ts';
import type { PeerScores } from './scores.ts';
import type { Sessions } from './sessions.ts';

export interface GaterOptions {
  readonly limits: NetworkLimits;
  readonly scores: PeerScores;
  readonly sessions: Sessions;
  readonly links: Links;
}

export function createGater({ limits, scores, sessions, links }: GaterOptions): ConnectionGater {
  const isRefused = (peer: { toString(): string }): boolean =>
    scores.isBanned(peer.toString()) || links.of(peer.toString()).isFailed;
  return {
    denyDialPeer: isRefused,
    denyDialMultiaddr: () => false,
    denyInboundConnection: ({ remoteAddr }) => {
      if (sessions.count('inbound') >= limits.inboundPeersMax) return true;
      const address = parseAddress(remoteAddr.toString());
      return address !== null && sessions.countSubnet(address) >= limits.inboundPerSubnetMax;
    },
    denyInboundEncryptedConnection: isRefused,
    denyOutboundEncryptedConnection: isRefused,
  };
}
