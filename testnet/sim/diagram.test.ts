import { expect, it } from 'vitest';
import { drawDiagram, happeningOf, wordOf } from './diagram.ts';

it('draws a line for each machine, an arrow for each packet and a word for each event', () => {
  const messages = [
    { from: 'n0', to: 'n1', what: 'block', sentMs: 1, arrivedMs: 3 },
    { from: 'n1', to: 'n0', what: 'request', sentMs: 4, arrivedMs: null },
  ];
  const svg = drawDiagram(['n0', 'n1'], messages, [happeningOf('3.000 n1 head ab<cd 7')]);
  expect(svg.match(/class="life"/g)).toHaveLength(2);
  expect(svg.match(/class="sent"/g)).toHaveLength(1);
  expect(svg.match(/class="lost"/g)).toHaveLength(1);
  expect(svg).toContain('head ab&lt;cd 7');
  expect(svg).toContain('>0.003<');
});

it('names what says something of the protocol, and leaves out heartbeats and transactions', () => {
  expect(wordOf({ carriage: 'sure', type: 'heartbeat', session: 1 })).toBeNull();
  expect(wordOf({ carriage: 'sure', type: 'hello', session: 1, status: new Uint8Array() })).toBe('hello');
  const gossip = { carriage: 'lossy', type: 'gossip', session: 1, data: new Uint8Array() } as const;
  expect(wordOf({ ...gossip, topic: 'blocks' })).toBe('block');
  expect(wordOf({ ...gossip, topic: 'transactions' })).toBeNull();
});
