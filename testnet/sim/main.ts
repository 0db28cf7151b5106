/** The simulator on the command line: a seed, or many; with its trace, or with one line a seed. */
import '../../daemon/polyfill.ts';
import { parseArgs } from 'node:util';
import { type Report, simulate } from './simulate.ts';

const usage = `Usage: node dist/testnet/sim/main.js [--seed N | --seeds A..B] [--trace] [--json]

Runs 3 to 10 whole nodes in virtual time on a lossy network that splits, with disks that lose power, and checks that they
agree. The same seed gives the same trace. Exit code 1 when a check fails, with the command that shows it again.

  --seed N       the seed, an integer (default 1)
  --seeds A..B   all seeds from A to B, one after the other
  --trace        print what happens, one line an event: virtual milliseconds, node, event
  --json         print each report as one line of JSON
`;

interface Wish {
  readonly first: bigint;
  readonly last: bigint;
  readonly isTraced: boolean;
  readonly isJson: boolean;
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const wish = readArguments(args);
  if (wish === null) return 2;
  for (let seed = wish.first; seed <= wish.last; seed++) {
    try {
      const onLine = wish.isTraced ? print : () => {};
      print(show(await simulate({ seed, onLine }), wish));
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    }
  }
  return 0;
}

function readArguments(args: readonly string[]): Wish | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        seeds: { type: 'string' },
        trace: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const range = /^(\d{1,18})(?:\.\.(\d{1,18}))?$/.exec(values.seeds ?? values.seed ?? '1');
    if (values.help || !range?.[1]) throw new RangeError('no seed');
    const first = BigInt(range[1]);
    return { first, last: BigInt(range[2] ?? range[1]), isTraced: values.trace, isJson: values.json };
  } catch {
    process.stderr.write(usage);
    return null;
  }
}

function show(report: Report, { isJson }: Wish): string {
  if (isJson) return JSON.stringify(report);
  const { seed, nodes, blocks, transactions, reorgDepthMax, partitions, kills, virtualMs, realMs, traceHash } = report;
  const counts = `${nodes} nodes, ${blocks} blocks, ${transactions} transactions, reorg of ${reorgDepthMax}`;
  const faults = `${partitions} partitions, ${kills} kills`;
  const times = `${(virtualMs / 1_000).toFixed(0)} s in ${(realMs / 1_000).toFixed(1)} s`;
  return `seed ${seed}: ${counts}, ${faults}, ${times}, trace ${traceHash.slice(0, 16)}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
