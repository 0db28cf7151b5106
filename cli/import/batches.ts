/** Puts rows together into transactions: as many as one may hold. */
import { utf8Length } from '../../chain/bytes.ts';
import type { FailedRow, ReadRow, Row } from './rows.ts';

export interface BatchLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

export const batchLimits: BatchLimits = { rowsMax: 1_000, bytesMax: 204_800 };

/** Around key and value of an operation: heads, number, content type's head, expected version. */
const rowOverheadBytes = 16;

/** Consecutive rows of the file that are settled together. */
export interface Batch {
  readonly rows: readonly Row[];
  /** Rows among them that could not be read. */
  readonly unread: readonly FailedRow[];
  /** The last line and byte of the file that it covers. */
  readonly endLine: number;
  readonly endOffset: number;
}

/** The rows after line `afterLine`, in batches within the limits. A row that is over them alone is a batch of its own. */
export async function* makeBatches(
  rows: AsyncIterable<ReadRow>,
  { afterLine, limits }: { readonly afterLine: number; readonly limits: BatchLimits },
): AsyncGenerator<Batch, void> {
  let open = new OpenBatch();
  for await (const read of rows) {
    const line = read.ok ? read.row.line : read.failed.line;
    if (line <= afterLine) continue;
    if (read.ok && !open.hasRoom(read.row, limits)) {
      yield open.close();
      open = new OpenBatch();
    }
    open.add(read);
    if (open.unread.length >= limits.rowsMax) {
      yield open.close();
      open = new OpenBatch();
    }
  }
  if (!open.isEmpty) yield open.close();
}

class OpenBatch {
  readonly rows: Row[] = [];
  readonly unread: FailedRow[] = [];
  #bytes = 0;
  #endLine = 0;
  #endOffset = 0;

  get isEmpty(): boolean {
    return this.rows.length === 0 && this.unread.length === 0;
  }

  hasRoom(row: Row, limits: BatchLimits): boolean {
    if (this.rows.length === 0) return true;
    return this.rows.length < limits.rowsMax && this.#bytes + sizeOf(row) <= limits.bytesMax;
  }

  add(read: ReadRow): void {
    if (read.ok) {
      this.rows.push(read.row);
      this.#bytes += sizeOf(read.row);
      this.#endLine = read.row.line;
      this.#endOffset = read.row.endOffset;
    } else {
      this.unread.push(read.failed);
      this.#endLine = read.failed.line;
      this.#endOffset = read.endOffset;
    }
  }

  close(): Batch {
    return { rows: this.rows, unread: this.unread, endLine: this.#endLine, endOffset: this.#endOffset };
  }
}

function sizeOf(row: Row): number {
  return utf8Length(row.key) + row.value.length + row.contentType.length + rowOverheadBytes;
}
