/** The network port as an attacker's node sees it, and as the attacker is seen: what it says and hears is what its policy makes of it. */
import type { Network, NetworkHandlers, PeerId, Topic } from '../../daemon/ports.ts';
import type { Policy, Voice } from './policy.ts';

export class AttackerNetwork implements Network {
  readonly self: PeerId;
  /** Past the policy. */
  readonly voice: Voice;
  readonly #network: Network;
  readonly #policy: Policy;
  #status: () => Uint8Array = () => new Uint8Array(0);

  constructor(network: Network, policy: Policy, whisper?: Voice['whisper']) {
    this.self = network.self;
    this.#network = network;
    this.#policy = policy;
    const publish: Voice['publish'] = (topic, data) => network.publish(topic, data);
    this.voice = {
      publish,
      whisper: whisper ?? ((_peer, topic, data) => void publish(topic, data).catch(() => {})),
      send: (peer, data) => network.send(peer, data),
      ask: (peer, data, timeoutMs) => network.request(peer, data, timeoutMs),
      peers: () => network.peers(),
      status: () => this.#status(),
    };
  }

  start(handlers: NetworkHandlers): Promise<void> {
    const policy = this.#policy;
    this.#status = () => handlers.localStatus();
    return this.#network.start({
      localStatus: () => policy.status?.(this.#status) ?? this.#status(),
      onStatus: (peer, status) => handlers.onStatus(peer, status),
      onPeer: peer => handlers.onPeer(peer),
      onPeerGone: peer => handlers.onPeerGone(peer),
      onGossip: (topic, from, data) => {
        const honestly = () => handlers.onGossip(topic, from, data);
        return policy.gossip?.(topic, data, honestly) ?? honestly();
      },
      onRequest: (peer, data) => {
        const honestly = () => handlers.onRequest(peer, data);
        return policy.request?.(data, honestly) ?? honestly();
      },
      onMessage: (peer, data) => {
        const honestly = () => handlers.onMessage(peer, data);
        if (policy.message === undefined) honestly();
        else policy.message(honestly);
      },
    });
  }

  publish(topic: Topic, data: Uint8Array): Promise<void> {
    return this.#policy.publish?.(topic, data, this.voice.publish) ?? this.voice.publish(topic, data);
  }

  request(peer: PeerId, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const honestly = () => this.#network.request(peer, data, timeoutMs);
    return this.#policy.ask?.(honestly) ?? honestly();
  }

  send(peer: PeerId, data: Uint8Array): void {
    this.#network.send(peer, data);
  }

  /** An attacker blames nobody: it wants to be heard. */
  penalize(): void {}

  peers() {
    return this.#network.peers();
  }

  addresses() {
    return this.#network.addresses();
  }

  strangers() {
    return this.#network.strangers();
  }

  addPeer(address: string) {
    return this.#network.addPeer(address);
  }

  removePeer(peer: PeerId) {
    return this.#network.removePeer(peer);
  }

  stop(): Promise<void> {
    return this.#network.stop();
  }
}
