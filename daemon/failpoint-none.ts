/** The failpoints of production: none. What they are for stands in failpoints.ts. */
import type { FailpointPlace, FailpointWhen } from './failpoints.ts';

/** Stands before and after each batch of the store, each send and each act. Does nothing. */
export function failpoint(_when: FailpointWhen, _place: FailpointPlace): void {}
