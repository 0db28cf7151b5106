/**
 * The door to libp2p: what this network uses of its packages at run time, and nothing else of the program imports them. The build
 * puts all of them into this one compiled file, for a process that reads one file starts much faster than one that reads a thousand
 * (docs/decisions/0021-packages-in-one-file.md). Types are imported from the packages.
 */
export {
  gossipsub,
  multicodec as gossipProtocol,
  StrictNoSign,
  TopicValidatorResult,
} from '@chainsafe/libp2p-gossipsub';
export { RPC } from '@chainsafe/libp2p-gossipsub/message';
export { noise } from '@chainsafe/libp2p-noise';
export { generateKeyPair, privateKeyFromProtobuf, privateKeyFromRaw } from '@libp2p/crypto/keys';
export { identify } from '@libp2p/identify';
export { mdns } from '@libp2p/mdns';
export { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id';
export { ping } from '@libp2p/ping';
export { tcp } from '@libp2p/tcp';
export { yamux } from '@libp2p/yamux';
export { multiaddr } from '@multiformats/multiaddr';
export { decode, encode } from 'it-length-prefixed';
export { createLibp2p } from 'libp2p';
