/** Which fault is which villain. */
import type { Fault } from '../scenario.ts';
import { equivocator } from './equivocator.ts';
import { headerFlooder } from './header-flooder.ts';
import { invalidBlocks } from './invalid-blocks.ts';
import { invalidTransactions } from './invalid-transactions.ts';
import { liar } from './liar.ts';
import { majority } from './majority.ts';
import { silent } from './silent.ts';
import type { Villain, VillainParts } from './villain.ts';

export const villains = {
  silent,
  liar,
  'invalid-blocks': invalidBlocks,
  equivocator,
  'header-flooder': headerFlooder,
  'invalid-transactions': invalidTransactions,
  majority,
} as const satisfies Partial<Record<Fault, (parts: VillainParts) => Villain>>;

export type VillainName = keyof typeof villains;

export function isVillain(fault: string): fault is VillainName {
  return Object.hasOwn(villains, fault);
}
