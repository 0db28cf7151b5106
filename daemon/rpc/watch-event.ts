/**
 * What kv_watch sends: notifications of method "kv_watch" with params {subscription, event}, or {subscription, error} at its end. A conflict
 * of finality with work, or with another certificate, is told once, to those who listen, and takes no place among the blocks.
 */
import { z } from '../zod.ts';
import * as s from './schemas.ts';

const block = { height: s.height, hash: s.hash, parent: s.hash, time: s.time };

export const watchEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('applied'),
    ...block,
    changes: z.array(s.historyEntry).meta({ description: 'the versions that the block made' }),
  }),
  z.object({
    type: z.literal('undone'),
    ...block,
    keys: z.array(s.key).meta({ description: 'what the block made of these keys is gone: read them again' }),
  }),
  z.object({
    type: z.literal('finality_conflict'),
    kind: z.enum(['heavier-branch', 'two-certificates']),
    height: s.height.meta({ description: 'of the final block' }),
    hash: s.hash,
    other: s.hash.meta({ description: 'a block of the branch that misses it' }),
  }),
]);
export type WatchEvent = z.output<typeof watchEvent>;

export const watchNotification = z.object({
  jsonrpc: z.literal('2.0'),
  method: z.literal('kv_watch'),
  params: z.object({ subscription: z.string(), event: watchEvent.optional(), error: s.refusal.optional() }),
});
