/** How the command line tells that something went wrong: one sentence, then what to do, and an exit code for scripts. */
import { CommanderError } from 'commander';
import { type ErrorCode, errorRow, KvchainError } from '../chain/errors.ts';

interface More {
  /** Default: that of the error table. */
  readonly exit?: number;
  /** What programs find in the document beside code, message and action. */
  readonly facts?: object;
}

/** A refusal whose advice is better than that of the error table, because the command knows what was wanted. */
export class CommandError extends KvchainError {
  readonly more: More;

  constructor(code: ErrorCode, detail: string, action: string, more: More = {}) {
    super(code, detail, { action });
    this.name = 'CommandError';
    this.more = more;
  }
}

export interface Told {
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do next. */
  readonly action: string;
  /** 1 failed, 2 usage, 3 unreachable, 4 timed out, 5 not verified. */
  readonly exit: number;
  readonly facts: object;
}

/** Any error as what the user is told. */
export function tellOf(error: unknown): Told {
  if (error instanceof KvchainError) {
    const { code, message, action } = error;
    const more = error instanceof CommandError ? error.more : {};
    return { code, message, action, exit: errorRow(code).exit, facts: {}, ...more };
  }
  if (error instanceof CommanderError) return { ...rowOf('USAGE'), message: error.message.replace(/^error: /, '') };
  const message = error instanceof Error ? error.message : String(error);
  return { ...rowOf('INTERNAL'), message };
}

function rowOf(code: ErrorCode): Omit<Told, 'message'> {
  const { action, exit } = errorRow(code);
  return { code, action, exit, facts: {} };
}
