/** How a scenario ends that is interrupted. */
import { expect, it } from 'vitest';
import { planOf } from '../networks/network-file.ts';
import { awaitedLater, inLaboratory } from './laboratory.ts';

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s stops the network before the scenario ends', async signal => {
  const ended = inLaboratory({ ...planOf({}), nodes: [] }, () => {
    process.emit(signal, signal);
    return new Promise<never>(() => {}); // Only the signal ends it.
  });
  await expect(ended).rejects.toMatchObject({ code: 'STOPPING' });
});

it('work that fails before it is awaited ends nothing, and whoever awaits it gets its error', async () => {
  const work = awaitedLater(Promise.reject(new Error('too early')));
  await new Promise(resolve => setImmediate(resolve)); // By now an unhandled rejection has been told.
  await expect(work).rejects.toThrow('too early');
});
