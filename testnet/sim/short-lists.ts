/** Bounds of synchronisation for all machines of a world with the chapter catch-up: a chain of a minute is long for them. */
import type { SyncLimits } from '../../daemon/sync.ts';

export const shortLists: Partial<SyncLimits> = { headersPerRequest: 8, bodiesPerRequest: 3 };
