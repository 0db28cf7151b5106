/**
 * Kills a daemon before and after every batch of its store and every send, and at any time, and looks for what it had acknowledged:
 * `npm run failpoints -- [--rounds N] [--random N] [--json] [--write]`. Exit code 1 when anything is lost, or a daemon does not stand up.
 */
import '../../daemon/polyfill.ts';
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';
import { plannedFailpoints } from './plan.ts';
import { tableOf, writePage } from './report.ts';

const { values } = parseArgs({
  options: {
    /** Deaths at each failpoint. */
    rounds: { type: 'string', default: '5' },
    /** Deaths at any time, in each round. */
    random: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
    /** Writes docs/experiments/failpoints.md. */
    write: { type: 'boolean', default: false },
  },
});
const [rounds, randomKills] = [Number(values.rounds), Number(values.random)];
if (!Number.isSafeInteger(rounds) || rounds < 1 || !Number.isSafeInteger(randomKills) || randomKills < 0) {
  process.stderr.write('failpoints: --rounds is a number from 1, --random one from 0\n');
  process.exit(2);
}

const results = await runCampaign({
  failpoints: plannedFailpoints,
  rounds,
  randomKills,
  onDeath: ({ at, acknowledged, lost }) =>
    process.stderr.write(`killed ${at}: ${acknowledged} acknowledged, ${lost.length} lost\n`),
});
if (values.write) writePage(results, { rounds, randomKills });
process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : `${tableOf(results)}\n`);
// Sockets to daemons that were killed may linger.
process.exit(results.some(({ lost }) => lost > 0) ? 1 : 0);
