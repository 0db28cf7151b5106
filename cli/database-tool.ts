/**
 * Runs a tool on the database of a stopped daemon, in a process of `kvchaind` of its own: only the daemon knows its database. The tool
 * says what it does in lines of JSON (daemon/tool-run.ts); a person sees a bar.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { isErrorCode } from '../chain/errors.ts';
import { daemonPath } from './daemon-process.ts';
import { CommandError } from './failure.ts';
import type { Session } from './session.ts';
import { startStages } from './stages.ts';

/** What a report of any tool holds. */
export interface ToolReport {
  readonly chainId: string;
  readonly height: number;
  readonly hash: string;
}

interface Line<R> {
  readonly progress?: { readonly stage: string; readonly done: number; readonly of: number | null };
  readonly report?: R;
  readonly failure?: { readonly code: string; readonly message: string; readonly action: string };
}

/** The tool's report; `isGood` false is one too. Throws what the tool could not go on with. Ctrl-C ends the tool, which changes nothing until its end. */
export async function runDatabaseTool<R extends ToolReport>(session: Session, words: readonly string[]): Promise<R> {
  const args = [daemonPath, ...words, '--data-dir', session.folder.path];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const stages = await startStages(session.output);
  let last: Line<R> = {};
  try {
    for await (const text of createInterface(child.stdout)) {
      last = JSON.parse(text);
      if (last.progress !== undefined) stages.update(last.progress);
    }
  } finally {
    stages.stop();
  }
  const code = await ended;
  if (last.report !== undefined) return last.report;
  const { failure } = last;
  if (failure === undefined || !isErrorCode(failure.code)) {
    throw new CommandError(
      'INTERNAL',
      `kvchaind ended with ${code} and no report`,
      'What it said above tells why; nothing was changed.',
    );
  }
  throw new CommandError(failure.code, failure.message, failure.action);
}
