/** What the campaign found, as a table for people and as a page of docs/experiments/. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import type { Result } from './campaign.ts';
import { unreached } from './plan.ts';

const page = fileURLToPath(new URL('../../../docs/experiments/failpoints.md', import.meta.url));
const head = ['killed', 'kills', 'acknowledged', 'lost'] as const;

export function tableOf(results: readonly Result[]): string {
  const table = new Table({ head: [...head], style: { border: [], head: [] } });
  for (const row of results) table.push([...cellsOf(row)]);
  return `${table.toString()}\n${unreachedLine()}`;
}

/** Replaces docs/experiments/failpoints.md. */
export function writePage(
  results: readonly Result[],
  run: { readonly rounds: number; readonly randomKills: number },
): void {
  const { rounds, randomKills } = run;
  const kills = results.reduce((sum, row) => sum + row.kills, 0);
  const lost = results.reduce((sum, row) => sum + row.lost, 0);
  const text = [
    '<!-- Written by the command below. -->',
    '# A kill at every write and every send',
    '',
    'A daemon under load, beside a peer that mines too, is killed by SIGKILL before and after every batch of its store, every send and',
    'every assembly of a block, at another visit of the place in each round, and at random times. After each death a copy of its',
    'database is replayed from the genesis and compared record by record, and every acknowledged put (answered as `included`) is looked',
    'for: in the state or, when a reorg undid it, among the transactions that the store owes to the mempool. Then the daemon is started',
    'again without a hand being laid on it. At the end of a round all acknowledged puts are read by its API, and its head and state root',
    'equal those of the peer.',
    '',
    '```sh',
    `npm run failpoints -- --rounds ${rounds} --random ${randomKills} --write`,
    '```',
    '',
    `On ${availableParallelism()} cores with Node.js ${process.versions.node}: ${kills} kills, ${lost} acknowledged puts lost.`,
    '`acknowledged` is the most that were acknowledged, and looked for, at a death there.',
    '',
    `| ${head.join(' | ')} |`,
    '|---|---|---|---|',
    ...results.map(row => `| ${cellsOf(row).join(' | ')} |`),
    '',
    unreachedLine(),
    '',
  ].join('\n');
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, text);
}

function cellsOf({ failpoint, kills, acknowledged, lost }: Result): readonly (string | number)[] {
  return [failpoint, kills, acknowledged, lost];
}

function unreachedLine(): string {
  return `Not there to be killed at, for proof of work sends none: ${unreached.join(', ')}.`;
}
