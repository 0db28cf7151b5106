/**
 * What the system says when it refuses a file, told with what to do: a missing permission, a name that is taken or a folder that is not
 * there are not mended by free space.
 */
import { type Stats, statSync } from 'node:fs';
import { type ErrorCode, KvchainError } from '../chain/errors.ts';

/** Codes of the system, and the words that LevelDB tells for them; what is in no row keeps the advice of the error table. */
const advices: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [
    /\b(?:EACCES|EPERM)\b|Permission denied|Operation not permitted/,
    'Ask the owner for permission to this path and the folders above it, run as that user, or give another path.',
  ],
  [
    /\bEROFS\b|Read-only file system/,
    'The file system is mounted read-only: mount it for writing, or give another path.',
  ],
  [
    /\b(?:EEXIST|ENOTDIR)\b|File exists|Not a directory/,
    'A file stands where a folder has to be: move it away, or give another path.',
  ],
  [/\bEISDIR\b|Is a directory/, 'A folder stands where a file has to be: move it away, or give another path.'],
  [
    /\bENOENT\b|No such file or directory/,
    'Nothing is at this path, or a link of it points to nothing: check the name, and make the folder where it is missing.',
  ],
  [
    /\bELOOP\b|Too many levels of symbolic links/,
    'The links of this path lead in a circle: mend them, or give another path.',
  ],
];

/** DISK_FAILED, or `code`, with what was being done, what the system said, and what to do. What is told already stays as it is. */
export function diskFailed(error: unknown, doing: string, code: ErrorCode = 'DISK_FAILED'): KvchainError {
  if (error instanceof KvchainError) return error;
  const said = saidBy(error);
  const action = advices.find(([pattern]) => pattern.test(said))?.[1];
  const more = action === undefined ? { cause: error } : { cause: error, action };
  return new KvchainError(code, `${doing}: ${said}`, more);
}

/** Whether something is at the path. Error thrown: DISK_FAILED when nobody may look, which is not the same as nothing there. */
export function isThere(path: string): boolean {
  return look(path) !== undefined;
}

/**
 * Whether a regular file is at the path, or a link to one. Error thrown: DISK_FAILED when nobody may look, or something else is there:
 * whoever opened a pipe would wait for its other end for ever, and a device may have no end.
 */
export function isFileThere(path: string): boolean {
  const found = look(path);
  if (found === undefined || found.isFile()) return found !== undefined;
  const action = 'Move it away, or put the file back that was there.';
  throw new KvchainError('DISK_FAILED', `${path} is ${kindOf(found)}, where a regular file has to be`, { action });
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw diskFailed(error, `looking for ${path}`);
  }
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a named pipe';
  return found.isSocket() ? 'a socket' : 'a device';
}

/** The message of the innermost cause. */
function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? saidBy(error.cause) : error.message;
}
