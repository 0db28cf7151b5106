/**
 * Compares a database with the one that was rebuilt from its blocks (rebuild.ts): every row that follows from the blocks must be there,
 * byte for byte, and none beside them. Rows of other branches and of no block must be whole.
 */
import { toHex } from '../chain/bytes.ts';
import { unreachable } from '../chain/errors.ts';
import { keyOfStateRow, rows } from '../chain/layout.ts';
import { decodeRecord, keyRecordCodec, stateKeyBytesMax } from '../chain/state.ts';
import { type AuditParts, checkBlockAlone, type Finding, findingOf, readable } from './chain-audit.ts';
import { ChainStore } from './chain-store.ts';
import type { Store } from './ports.ts';
import { diffRows, type RowDifference, scanRows } from './row-scan.ts';

type RowName = keyof typeof rows;

/** What follows from the chain of blocks alone. */
const derivedRows = [
  'tip',
  'canonical',
  'state',
  'history',
  'transaction',
  'receipts',
  'undo',
  'leaf',
  'stateKey',
] as const satisfies readonly RowName[];
/** Rows of every stored block: those of the chain are derived too, the others belong to other branches. */
const blockRows = ['header', 'headerByHeight', 'body'] as const satisfies readonly RowName[];
const looseRows = ['undone', 'mempool', 'peer', 'pruned', 'joining'] as const satisfies readonly RowName[];

export interface CompareOrder extends Omit<AuditParts, 'verifier'> {
  readonly source: Store;
  readonly rebuilt: Store;
  readonly tipHeight: number;
  readonly onKind: (name: RowName) => void;
}

/** Everything in which the source differs from what its blocks give. */
export async function* compareWithRebuilt(order: CompareOrder): AsyncGenerator<Finding> {
  const { source, rebuilt, onKind } = order;
  for (const name of derivedRows) {
    onKind(name);
    for await (const difference of diffRows(source, rebuilt, rows[name])) {
      yield await describe(order, name, difference);
    }
  }
  for (const name of blockRows) {
    onKind(name);
    for await (const difference of diffRows(source, rebuilt, rows[name])) {
      const isOther = difference.second === null;
      const finding = isOther
        ? await checkOtherBranch(order, name, difference)
        : await describe(order, name, difference);
      if (finding !== null) yield finding;
    }
  }
  for (const name of looseRows) {
    onKind(name);
    for await (const { key, value } of scanRows(source, rows[name])) {
      const isWhole = decodes(name, key, value);
      if (!isWhole) yield damagedRow(name, key, null, 'it does not decode');
    }
  }
}

/** A row of a block that is not on the chain: the block must be whole. Null when it is. */
async function checkOtherBranch(order: CompareOrder, name: RowName, { key }: RowDifference): Promise<Finding | null> {
  const place = rows.headerByHeight.prefix === rows[name].prefix ? key.subarray(9) : key.subarray(1);
  const block = await readable(order.chain.block(place));
  if (block === null) return damagedRow(name, key, null, 'header or body of this block is missing');
  const checked = checkBlockAlone(order, block);
  return checked.ok ? null : findingOf(block, checked.error.code, checked.error.detail);
}

async function describe(order: CompareOrder, name: RowName, difference: RowDifference): Promise<Finding> {
  const { key, first, second } = difference;
  const what =
    first === null
      ? 'it is missing, or does not match its checksum'
      : second === null
        ? 'no block of the chain makes it'
        : 'it is not what the blocks give';
  const detail = `${what}${subjectOf(name, key)}`;
  return damagedRow(name, key, await heightOf(order, name, difference), detail);
}

/** The height of the block that made the row. Where nothing tells it, such as of an account, the state is that of the tip. */
async function heightOf(order: CompareOrder, name: RowName, { key, first, second }: RowDifference): Promise<number> {
  const height = await readable(readHeight(order, name, { key, value: second ?? first ?? new Uint8Array(0) }));
  return height ?? order.tipHeight;
}

async function readHeight(
  { rebuilt, source }: CompareOrder,
  name: RowName,
  { key, value }: { readonly key: Uint8Array; readonly value: Uint8Array },
): Promise<number | null> {
  switch (name) {
    case 'canonical':
    case 'undo':
      return rows[name].placeOf(key);
    case 'headerByHeight':
      return rows.headerByHeight.placeOf(key).height;
    case 'history':
      return rows.history.decode(value).height;
    case 'transaction':
      return rows.transaction.decode(value).height;
    case 'state':
      return keyOfStateRow(key) === null ? null : decodeRecord(keyRecordCodec, rows.state.decode(value)).height;
    case 'receipts':
    case 'header':
    case 'body': {
      const hash = rows[name].placeOf(key);
      const record = (await new ChainStore(rebuilt).header(hash)) ?? (await new ChainStore(source).header(hash));
      return record?.sealed.header.height ?? null;
    }
    case 'tip':
    case 'leaf':
    case 'stateKey':
    case 'joining':
    case 'undone':
    case 'mempool':
    case 'pruned':
    case 'peer':
      return null;
    default:
      return unreachable(name);
  }
}

/** What the row says something of, for people. */
function subjectOf(name: RowName, key: Uint8Array): string {
  const place = key.subarray(1);
  const version = name === 'history' ? rows.history.place.decode(place) : null;
  if (version !== null) return `: version ${version.version} of the key ${JSON.stringify(version.key)}`;
  const stateKey = name === 'state' && place.length <= stateKeyBytesMax ? keyOfStateRow(key) : null;
  return stateKey === null ? '' : `: the key ${JSON.stringify(stateKey)}`;
}

function decodes(name: RowName, key: Uint8Array, value: Uint8Array): boolean {
  const row: { readonly place: Readable; readonly value: Readable } = rows[name];
  return row.place.decode(key.subarray(1)) !== null && row.value.decode(value) !== null;
}

interface Readable {
  decode(bytes: Uint8Array): unknown;
}

function damagedRow(row: RowName, key: Uint8Array, height: number | null, detail: string): Finding {
  return { height, row, key: toHex(key), code: 'DATABASE_DAMAGED', detail };
}
