/** `kvchain db`: verifies, repairs, backs up, restores, dumps and rebuilds the database of a stopped daemon. */
import { resolve } from 'node:path';
import { type Call, examples, onCall, type Shell } from '../command.ts';
import { runDatabaseTool, type ToolReport } from '../database-tool.ts';
import { fields, table } from '../output.ts';

interface Finding {
  readonly height: number | null;
  readonly row: string;
  readonly key: string;
  readonly code: string;
  readonly detail: string;
}

interface VerifyReport extends ToolReport {
  readonly isGood: boolean;
  readonly findings: readonly Finding[];
  readonly findingsCount: number;
}

interface RepairReport extends ToolReport {
  readonly heightBefore: number | null;
  readonly finding: Finding | null;
  readonly otherBlocks: number;
  readonly damagedFolder: string;
}

interface DumpReport extends ToolReport {
  readonly file: string;
}

interface BackupReport extends ToolReport {
  readonly file: string;
  readonly rows: number;
}

export function addDb(shell: Shell): void {
  const db = shell.program
    .command('db')
    .summary('verify, repair, back up, restore or dump the database')
    .description('Works on the database of a stopped daemon: `kvchain stop` first.');
  const inner = { ...shell, program: db };
  addVerify(
    inner,
    'Checks every block and every row of the database: checksums, work, signatures, execution and roots.',
    ['kvchain db verify', 'exit code 1 when something is wrong'],
  );
  addRepair(inner);
  addBackup(inner);
  addRestore(inner);
  addDump(inner);
  addRebuild(inner);
}

/** `verify`, which `kvchain chain` has too. */
export function addVerify(shell: Shell, description: string, example: readonly [string, string]): void {
  const command = shell.program
    .command('verify')
    .description(`${description} The daemon must be stopped; needs free space for a second database.`);
  examples(command, example);
  onCall(shell, command, verify);
}

async function verify({ session }: Call<object>): Promise<void> {
  const report = await runDatabaseTool<VerifyReport>(session, ['verify']);
  if (!report.isGood) session.exitCode = 1;
  const { findings, findingsCount } = report;
  const summary = fields([
    [
      'verdict',
      report.isGood ? 'all is good' : `${findingsCount} ${findingsCount === 1 ? 'thing is' : 'things are'} wrong`,
    ],
    ['good up to height', report.height],
    ['block', report.hash],
  ]);
  session.output.answer(
    report,
    report.isGood ? summary : `${summary}\n\n${await findingsTable(findings)}\n\n${repairAdvice}`,
  );
}

const repairAdvice =
  '`kvchain db repair` builds the database anew from its good blocks; a node fetches the others from its peers.';

function findingsTable(findings: readonly Finding[]): Promise<string> {
  const lines = findings.map(({ height, row, key, code, detail }) => [height ?? '-', row, key, code, detail]);
  return table(['height', 'row', 'key', 'code', 'what'], lines);
}

function addRepair(shell: Shell): void {
  const command = shell.program
    .command('repair')
    .description(
      'Builds the database anew from its own good blocks and keeps the damaged one beside it. A lost block is fetched again from peers ' +
        'when the daemon runs. Needs free space for a second database.',
    );
  examples(command, ['kvchain db repair', 'then `kvchain start`']);
  onCall(shell, command, async ({ session }) => {
    const report = await runDatabaseTool<RepairReport>(session, ['repair']);
    const { finding } = report;
    const summary = fields([
      ['stands at height', report.height],
      ['stood at height', report.heightBefore],
      ['other blocks kept', report.otherBlocks],
      ['damaged database', report.damagedFolder],
    ]);
    const lost =
      finding === null ? '' : `\n\n${await findingsTable([finding])}\n\nThe node fetches what is above from its peers.`;
    session.output.answer(report, `${summary}${lost}`);
  });
}

function addBackup(shell: Shell): void {
  const command = shell.program
    .command('backup')
    .argument('<file>', 'is made; must not be there')
    .description('Writes the database and the genesis into one file with a checksum. Keys and settings are not in it.');
  examples(command, ['kvchain db backup chain.backup', 'of the stopped daemon of ~/.kvchain']);
  onCall(shell, command, async ({ args: [file = ''], session }) => {
    const report = await runDatabaseTool<BackupReport>(session, ['backup', resolve(file)]);
    session.output.answer(report, summaryOf(report));
  });
}

function addRestore(shell: Shell): void {
  const command = shell.program
    .command('restore')
    .argument('<file>', 'what `kvchain db backup` made')
    .description(
      'Makes the database of a data folder that has none from a backup, and its genesis where there is none.',
    );
  examples(command, ['kvchain db restore chain.backup --data-dir DIR', 'into a new folder']);
  onCall(shell, command, async ({ args: [file = ''], session }) => {
    const report = await runDatabaseTool<BackupReport>(session, ['restore', resolve(file)]);
    session.output.answer(report, summaryOf(report));
  });
}

function addDump(shell: Shell): void {
  const command = shell.program
    .command('dump')
    .argument('<file>', 'a name that is not taken')
    .description('Writes the chain as text: a JSON document a line, of which each block is one.');
  examples(command, ['kvchain db dump chain.jsonl', 'then: head -2 chain.jsonl']);
  onCall(shell, command, async ({ args: [file = ''], session }) => {
    const report = await runDatabaseTool<DumpReport>(session, ['dump', resolve(file)]);
    session.output.answer(report, dumpSummaryOf(report));
  });
}

function addRebuild(shell: Shell): void {
  const command = shell.program
    .command('rebuild')
    .argument('<file>', 'what `kvchain db dump` made')
    .description(
      'Makes the database of a data folder that has none by checking and executing the blocks of a dump: chain and keys are what they were.',
    );
  examples(command, ['kvchain db rebuild chain.jsonl --data-dir DIR', 'into a new folder']);
  onCall(shell, command, async ({ args: [file = ''], session }) => {
    const report = await runDatabaseTool<DumpReport>(session, ['rebuild', resolve(file)]);
    session.output.answer(report, dumpSummaryOf(report));
  });
}

function dumpSummaryOf({ file, height, hash }: DumpReport): string {
  return fields([
    ['file', file],
    ['height', height],
    ['block', hash],
  ]);
}

function summaryOf({ file, height, hash, rows }: BackupReport): string {
  return fields([
    ['file', file],
    ['height', height],
    ['block', hash],
    ['rows', rows],
  ]);
}
