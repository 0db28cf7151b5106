/** What simulated machines say to each other below the node: the libp2p of the simulator, in eight kinds of packets. */
import type { Rejection, Result } from '../../chain/errors.ts';
import type { Topic } from '../../daemon/ports.ts';

/** `session` names the connection, so that what belongs to an ended one is not taken for the next one's. */
export type Packet =
  | SurePacket
  | {
      readonly carriage: 'lossy';
      readonly type: 'gossip';
      readonly session: number;
      readonly topic: Topic;
      readonly data: Uint8Array;
    }
  | {
      readonly carriage: 'lossy';
      readonly type: 'request';
      readonly session: number;
      readonly id: number;
      readonly data: Uint8Array;
    }
  | {
      readonly carriage: 'lossy';
      readonly type: 'answer';
      readonly session: number;
      readonly id: number;
      readonly answer: Result<Uint8Array>;
    }
  | {
      readonly carriage: 'lossy';
      readonly type: 'message';
      readonly session: number;
      readonly order: number;
      readonly data: Uint8Array;
    };

/** The handshake: dialler `hello`, listener `welcome`, dialler `ready`; then heartbeats until one says `close`. */
export type SurePacket =
  | {
      readonly carriage: 'sure';
      readonly type: 'hello' | 'welcome';
      readonly session: number;
      readonly status: Uint8Array;
    }
  | { readonly carriage: 'sure'; readonly type: 'ready' | 'heartbeat'; readonly session: number }
  | { readonly carriage: 'sure'; readonly type: 'close'; readonly session: number; readonly refusal: Rejection | null };
