/**
 * A tool of the database, run by `kvchain db` in a process of its own. It says all on its standard output, a JSON document a line:
 * {progress: {stage, done, of}} while it works, and at the end {report} or {failure: {code, message, action}}.
 */
import { errorRow, KvchainError, unreachable } from '../chain/errors.ts';
import type { ToolInvocation } from './config.ts';
import { backupDatabase, restoreDatabase } from './database-backup.ts';
import { dumpDatabase, rebuildDatabase } from './database-dump.ts';
import { type OnProgress, repairDatabase, verifyDatabase } from './database-verify.ts';

/** Ends the process: with 0, with 1 when a verification found something wrong, or with the exit code of the failure. */
export async function runTool(invocation: ToolInvocation): Promise<never> {
  try {
    const report = await work(invocation);
    await tell({ report });
    process.exit('isGood' in report && !report.isGood ? 1 : 0);
  } catch (error) {
    const told = error instanceof KvchainError ? error : new KvchainError('INTERNAL', String(error));
    const { code, message, action } = told;
    await tell({ failure: { code, message, action } });
    process.exit(errorRow(code).exit);
  }
}

function work({ tool, dataDir, file }: ToolInvocation) {
  switch (tool) {
    case 'verify':
      return verifyDatabase(dataDir, onProgress);
    case 'repair':
      return repairDatabase(dataDir, onProgress);
    case 'backup':
      return backupDatabase(dataDir, file, onProgress);
    case 'restore':
      return restoreDatabase(dataDir, file, onProgress);
    case 'dump':
      return dumpDatabase(dataDir, file, onProgress);
    case 'rebuild':
      return rebuildDatabase(dataDir, file, onProgress);
    default:
      return unreachable(tool);
  }
}

const onProgress: OnProgress = (stage, done, of) => {
  process.stdout.write(`${JSON.stringify({ progress: { stage, done, of } })}\n`);
};

function tell(line: unknown): Promise<void> {
  return new Promise(resolve => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()));
}
