/**
 * Addresses of peers: how they are written, and which may be dialled. What strangers tell is dialled only where it can do no harm
 * (P12): plain IP and TCP, no privileged port, and the private ranges only when the operator's own addresses are private.
 */
import { BlockList, isIPv6 } from 'node:net';
import type { PeerId } from '../ports.ts';
import { multiaddr, peerIdFromString } from './libp2p.ts';

/** How far an address reaches; `none` is what nobody can dial: unspecified, multicast, reserved. */
export type Scope = 'loopback' | 'private' | 'public' | 'none';

export interface DialAddress {
  /** The whole address, in its canonical text. */
  readonly text: string;
  /** An IP address, or a name to be resolved. */
  readonly host: string;
  readonly port: number;
  /** Null when the address does not say whose it is. */
  readonly peer: PeerId | null;
  readonly scope: Scope;
}

/** Ports below belong to other services; strangers could make us knock there. */
const portMin = 1024;
/** A longer address is none: the longest name with a port and an id has 325 characters. Reading base58 takes the square of its length. */
const addressCharactersMax = 512;

/** Reads `/ip4|ip6|dns|dns4|dns6/HOST/tcp/PORT[/p2p/ID]`; null when it is anything else. A name counts as public. */
export function parseAddress(text: string): DialAddress | null {
  if (text.length > addressCharactersMax) return null;
  try {
    const address = multiaddr(text);
    const [network, transport, identity, ...rest] = address.getComponents();
    const isKnown =
      network !== undefined && /^(ip4|ip6|dns|dns4|dns6)$/.test(network.name) && transport?.name === 'tcp';
    if (!isKnown || rest.length > 0 || (identity !== undefined && identity.name !== 'p2p')) return null;
    if (identity?.value !== undefined) peerIdFromString(identity.value);
    const host = network.value ?? '';
    const port = Number(transport.value);
    const scope = network.name.startsWith('ip') ? scopeOf(host) : 'public';
    return { text: address.toString(), host, port, peer: identity?.value ?? null, scope };
  } catch {
    return null;
  }
}

/** The address of `peer` at an IP address and port. */
export function formatAddress(host: string, port: number, peer: PeerId): string {
  return `/${isIPv6(host) ? 'ip6' : 'ip4'}/${host}/tcp/${port}/p2p/${peer}`;
}

/** True when an address that a stranger told may be dialled by a node that reaches `scopes`. */
export function isDialable(address: DialAddress, scopes: ReadonlySet<Scope>): boolean {
  const isPlain = address.text.startsWith('/ip');
  return isPlain && address.peer !== null && address.port >= portMin && scopes.has(address.scope);
}

/** True when `address` means something to a peer that is seen at an address of scope `asker`. */
export function isReachableFrom(address: DialAddress, asker: Scope): boolean {
  if (address.scope === 'public') return true;
  return address.scope === 'private' ? asker !== 'public' : asker === 'loopback';
}

/** The subnet by which inbound connections are counted: /24 of IPv4, /48 of IPv6; null where one host may run many nodes. */
export function subnetOf(address: DialAddress): string | null {
  if (address.scope !== 'public') return null;
  const parts = isIPv6(address.host) ? expandIPv6(address.host) : address.host.split('.');
  return parts.slice(0, 3).join('.');
}

export function scopeOf(host: string): Scope {
  const family = isIPv6(host) ? 'ipv6' : 'ipv4';
  for (const [scope, ranges] of scopeRanges) if (ranges.check(host, family)) return scope;
  return 'public';
}

/** IANA's registries of special addresses. IPv4 mapped into IPv6 counts as that IPv4; wrapped otherwise (NAT64, 6to4, Teredo) as none. */
const scopeRanges: readonly (readonly [Scope, BlockList])[] = [
  [
    'none',
    ranges(
      ['0.0.0.0/8', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24'],
      ['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '::/128', '64:ff9b::/96', '64:ff9b:1::/48'],
      ['100::/64', '2001::/23', '2001:db8::/32', '2002::/16', 'ff00::/8'],
    ),
  ],
  ['loopback', ranges(['127.0.0.0/8', '::1/128'])],
  [
    'private',
    ranges(
      ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10'],
      ['fc00::/7', 'fe80::/10'],
    ),
  ],
];

function ranges(...groups: readonly (readonly string[])[]): BlockList {
  const blocks = new BlockList();
  for (const range of groups.flat()) {
    const [net = '', prefix = ''] = range.split('/');
    blocks.addSubnet(net, Number(prefix), isIPv6(net) ? 'ipv6' : 'ipv4');
  }
  return blocks;
}

function expandIPv6(host: string): readonly string[] {
  const [head = '', tail = ''] = host.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  return [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
}
