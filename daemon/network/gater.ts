/** Who may connect to us and to whom we may connect: asked by libp2p before, during and after encryption. */
import type { ConnectionGater } from '@libp2p/interface';
import type { PeerId } from '../ports.ts';
import { parseAddress } from './addresses.ts';
import type { NetworkLimits } from './limits.ts';
import type { PeerScores } from './scores.ts';
import type { Sessions } from './sessions.ts';

export interface GaterOptions {
  readonly limits: NetworkLimits;
  readonly scores: PeerScores;
  readonly sessions: Sessions;
  /** Peers whose link is cut on purpose, for test networks. */
  readonly blockedPeers: ReadonlySet<PeerId>;
}

export function createGater({ limits, scores, sessions, blockedPeers }: GaterOptions): ConnectionGater {
  const isRefused = (peer: PeerId) => scores.isBanned(peer) || blockedPeers.has(peer);
  return {
    denyDialPeer: peer => isRefused(peer.toString()),
    denyDialMultiaddr: () => false,
    denyInboundConnection: ({ remoteAddr }) => {
      if (sessions.count('inbound') >= limits.inboundPeersMax) return true;
      const address = parseAddress(remoteAddr.toString());
      return address !== null && sessions.countSubnet(address) >= limits.inboundPerSubnetMax;
    },
    denyInboundEncryptedConnection: peer => isRefused(peer.toString()),
    denyOutboundEncryptedConnection: peer => isRefused(peer.toString()),
  };
}
