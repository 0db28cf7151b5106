/** An attacker of many identities fills a victim's places and its address book, and the victim restarts again and again. */
import { expect, test } from 'vitest';
import { eclipsedAfter } from './eclipse.suite.ts';

const limitMs = 240_000;

test(
  'P1: a node keeps a link to an honest peer over 50 restarts, though an attacker has most of its address book and all its inbound places',
  async () => {
    expect(await eclipsedAfter(50)).toBeNull();
  },
  limitMs,
);
