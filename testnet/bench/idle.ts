/** What a daemon that does nothing holds of the machine's memory, beside a process of Node.js that does nothing either. */

import { BareServer } from './bare-server-process.ts';
import { benchGenesis } from './chain-maker.ts';
import { type Figure, figure } from './figure.ts';
import { inFolder } from './folder.ts';
import { startedDaemon } from './started-daemon.ts';

export async function benchIdle(): Promise<readonly Figure[]> {
  return inFolder(async folder => {
    const bare = await BareServer.start();
    const bareMb = bare.memoryMb;
    await bare.stop();
    const { daemon, memoryMb } = await startedDaemon({ dataDir: `${folder}/idle`, genesis: benchGenesis('idle') });
    await daemon.stop();
    return [
      figure({
        name: 'an idle daemon, memory',
        value: memoryMb,
        unit: 'MB',
        reference: { name: 'an idle server of node:http alone', value: bareMb },
        rule: 'value at most',
        goal: 150,
      }),
    ];
  });
}
