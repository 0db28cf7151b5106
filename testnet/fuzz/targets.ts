/** THE table of what is fuzzed: every decoder of bytes that come from a peer, a program, a file or a disk. */
import type { Target } from './target.ts';
import { openApiTargets } from './targets-api.ts';
import { chainTargets } from './targets-chain.ts';
import { fileTargets } from './targets-files.ts';
import { memberTargets } from './targets-members.ts';
import { networkTargets } from './targets-network.ts';

/** All targets. Some hold a node, a server or a folder: `closeTargets` ends them. */
export async function openTargets(): Promise<readonly Target[]> {
  return [...chainTargets, ...networkTargets, ...memberTargets, ...(await openApiTargets()), ...fileTargets()];
}

export async function closeTargets(targets: readonly Target[]): Promise<void> {
  for (const target of targets) await target.close?.();
}
