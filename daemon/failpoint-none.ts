/** The failpoints of production: none. What they are for stands in failpoints.ts. */
import type { FailpointWhen, Send, StoreBatch } from './failpoints.ts';

/** Stands before and after each batch of the store and each send. Does nothing. */
export function failpoint(_when: FailpointWhen, _name: StoreBatch | Send): void {}
