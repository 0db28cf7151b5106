/** Which addresses are understood, how far they reach, and which of those that strangers tell are dialled. */
import { expect, test } from 'vitest';
import {
  formatAddress,
  isDialable,
  isReachableFrom,
  parseAddress,
  type Scope,
  scopeOf,
  subnetOf,
} from './addresses.ts';

const id = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN';

const scopes: readonly (readonly [host: string, scope: Scope])[] = [
  ['8.8.8.8', 'public'],
  ['2606:4700::1111', 'public'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['::1', 'loopback'],
  ['10.1.2.3', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.0.1', 'private'],
  ['169.254.169.254', 'private'],
  ['100.64.0.1', 'private'],
  ['fd00::1', 'private'],
  ['fe80::1', 'private'],
  ['0.0.0.0', 'none'],
  ['::', 'none'],
  ['224.0.0.251', 'none'],
  ['255.255.255.255', 'none'],
  ['192.0.2.1', 'none'],
  ['ff02::1', 'none'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:10.0.0.1', 'private'],
  ['::ffff:8.8.8.8', 'public'],
  ['64:ff9b::7f00:1', 'none'],
  ['2002:7f00:1::', 'none'],
];

test.each(scopes)('%s reaches %s', (host, scope) => {
  expect(scopeOf(host)).toBe(scope);
});

test('reads the longest name that there is, and nothing longer than an address can be', () => {
  const name = `${'a'.repeat(62)}.`.repeat(4).slice(0, 253);
  expect(parseAddress(`/dns4/${name}/tcp/65535/p2p/${id}`)).toMatchObject({ host: name, peer: id });
  expect(parseAddress(`/ip4/192.0.2.7/tcp/1/p2p/${id.repeat(1_000)}`)).toBeNull();
});

test('reads addresses with and without a peer id', () => {
  expect(parseAddress(`/ip4/8.8.8.8/tcp/4001/p2p/${id}`)).toEqual({
    text: `/ip4/8.8.8.8/tcp/4001/p2p/${id}`,
    host: '8.8.8.8',
    port: 4001,
    peer: id,
    scope: 'public',
  });
  expect(parseAddress('/dns4/node.example.org/tcp/4001')).toMatchObject({
    host: 'node.example.org',
    peer: null,
    scope: 'public',
  });
});

test.each([
  '',
  'nonsense',
  '127.0.0.1:4001',
  '/ip4/1.2.3.4',
  '/ip4/1.2.3.4/udp/4001',
  '/ip4/1.2.3.4/tcp/4001/ws',
  '/ip4/1.2.3.4/tcp/70000',
  '/ip4/1.2.3/tcp/4001',
  `/ip4/8.8.8.8/tcp/4001/p2p/${id}/p2p-circuit`,
  '/ip4/8.8.8.8/tcp/4001/p2p/xyz',
  '/unix/tmp/socket',
])('does not read %s', text => {
  expect(parseAddress(text)).toBeNull();
});

const anywhere = new Set<Scope>(['public', 'private', 'loopback']);
const publicOnly = new Set<Scope>(['public']);

test.each([
  [`/ip4/8.8.8.8/tcp/4001/p2p/${id}`, publicOnly, true],
  [`/ip6/2606:4700::1111/tcp/4001/p2p/${id}`, publicOnly, true],
  [`/ip4/127.0.0.1/tcp/4001/p2p/${id}`, publicOnly, false],
  [`/ip4/127.0.0.1/tcp/4001/p2p/${id}`, anywhere, true],
  [`/ip4/169.254.169.254/tcp/8080/p2p/${id}`, publicOnly, false],
  [`/ip4/0.0.0.0/tcp/4001/p2p/${id}`, anywhere, false],
  [`/ip4/224.0.0.1/tcp/4001/p2p/${id}`, anywhere, false],
  [`/ip4/8.8.8.8/tcp/22/p2p/${id}`, anywhere, false],
  ['/ip4/8.8.8.8/tcp/4001', anywhere, false],
  [`/dns4/intranet/tcp/4001/p2p/${id}`, anywhere, false],
])('P12: a stranger tells %s', (text, reach, expected) => {
  const address = parseAddress(text);
  expect(address !== null && isDialable(address, reach)).toBe(expected);
});

test('P12: an address is told only to whom it means something', () => {
  const at = (host: string) => parseAddress(formatAddress(host, 4001, id));
  const table = ['8.8.8.8', '10.0.0.1', '127.0.0.1'].map(host => {
    const address = at(host);
    return (['public', 'private', 'loopback'] as const).map(
      asker => address !== null && isReachableFrom(address, asker),
    );
  });
  expect(table).toEqual([
    [true, true, true],
    [false, true, true],
    [false, false, true],
  ]);
});

test.each([
  ['8.8.8.8', '8.8.8'],
  ['2606:4700:10::1', '2606.4700.10'],
  ['2606::1', '2606.0.0'],
  ['127.0.0.1', null],
  ['10.0.0.1', null],
])('the subnet of %s is %s', (host, subnet) => {
  const address = parseAddress(formatAddress(host, 4001, id));
  expect(address === null ? 'unread' : subnetOf(address)).toBe(subnet);
});
