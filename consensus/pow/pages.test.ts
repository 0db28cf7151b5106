/** What pages of the whole say of this engine: they are written without knowing it, or by hand. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { orphanLimits } from './orphans.ts';
import { relayDepth } from './state.ts';

it('the page of the network says how far below the best a block is passed on', () => {
  expect(readFileSync('docs/protocol/network.md', 'utf8')).toContain(`within ${relayDepth} blocks of the best`);
});

it('the page of limits has the limits of this folder', () => {
  const page = readFileSync('docs/operate/limits.md', 'utf8');
  for (const [name, value] of Object.entries(orphanLimits)) {
    expect(page).toContain(`\n| orphanLimits.${name} | ${value.toLocaleString('en-US')} | `);
  }
});
