/** How a scenario ends that is interrupted. */
import { expect, it } from 'vitest';
import { planOf } from '../networks/network-file.ts';
import { inLaboratory } from './laboratory.ts';

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s stops the network before the scenario ends', async signal => {
  const ended = inLaboratory({ ...planOf({}), nodes: [] }, () => {
    process.emit(signal, signal);
    return new Promise<never>(() => {}); // Only the signal ends it.
  });
  await expect(ended).rejects.toMatchObject({ code: 'STOPPING' });
});
