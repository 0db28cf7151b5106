/**
 * Checks stored blocks one after the other, as a peer checks what it is sent: they link, their work was done, their difficulty and time
 * follow the rules, their transactions are those of the header, and every signature verifies. What executing them gives is for whoever
 * asked (rebuild.ts).
 */
import type { Block, SealedHeader } from '../chain/block.ts';
import type { Derived } from '../chain/block-tree.ts';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { type ErrorCode, KvchainError, type Result } from '../chain/errors.ts';
import { type Genesis, paramsAt } from '../chain/genesis.ts';
import { rows } from '../chain/layout.ts';
import { producerCheck, signatureCheck, validateBody, validateHeaderShape } from '../chain/validate.ts';
import type { AnyEngine } from '../consensus/instance.ts';
import type { ChainStore } from './chain-store.ts';
import type { Verifier } from './ports.ts';

/** Something wrong in the database: where, and in words. */
export interface Finding {
  /** The height of the block that it belongs to; null for a row of no block, or one of which no height can be told. */
  readonly height: number | null;
  /** The kind of row, as docs/operate/database.md names it, or `file`. */
  readonly row: string;
  /** The key of the row in the database, in hex; of a file, its name. */
  readonly key: string;
  readonly code: ErrorCode;
  readonly detail: string;
}

/** Where an audit stands: a block, and what the engine derived for it. */
export interface AuditPoint {
  readonly block: SealedHeader;
  readonly derived: Derived;
}

/** A block that passed, with what is stored beside its header. */
export interface AuditedBlock extends AuditPoint {
  readonly block: Block;
  readonly record: Uint8Array;
}

export interface AuditParts {
  readonly genesis: Genesis;
  /** 32 bytes. */
  readonly chainId: Uint8Array;
  readonly engine: AnyEngine;
  readonly chain: ChainStore;
  readonly verifier: Verifier;
}

export interface AuditOutcome {
  readonly blocks: readonly AuditedBlock[];
  /** What is wrong with the block behind them, or null. */
  readonly finding: Finding | null;
}

/** Up to `limit` blocks above `start`, each the child of the one before. Ends early behind the last stored one, or before a bad one. */
export async function auditBlocks(parts: AuditParts, start: AuditPoint, limit: number): Promise<AuditOutcome> {
  const blocks: AuditedBlock[] = [];
  let finding: Finding | null = null;
  for (let point = start; blocks.length < limit && finding === null; ) {
    const child = await childOf(parts, point);
    if (child === null) break;
    if (child.ok) {
      blocks.push(child.block);
      point = child.block;
    } else finding = child.finding;
  }
  const forged = await findForged(parts, blocks);
  return forged === null ? { blocks, finding } : { blocks: blocks.slice(0, forged.index), finding: forged.finding };
}

/** Checks of one block alone: its seal, and that its body is its own. What follows from its parent or needs signatures is not among them. */
export function checkBlockAlone({ genesis, chainId, engine }: Omit<AuditParts, 'chain' | 'verifier'>, block: Block) {
  const params = paramsAt(genesis, block.header.height);
  const shaped = validateHeaderShape(block);
  if (!shaped.ok) return shaped;
  const sealed = engine.checkSeal(block, params);
  const body = sealed.ok ? validateBody(block, { chainId, params }) : sealed;
  return body.ok ? (engine.bodySeal(params)?.check(block.header, block.transactions) ?? body) : body;
}

type Child = { readonly ok: true; readonly block: AuditedBlock } | { readonly ok: false; readonly finding: Finding };

/**
 * The stored child of a block: the canonical one, or, where that is damaged, another one that is sound. Null when none is stored. When
 * all are bad, the finding is that of the canonical one.
 */
async function childOf(parts: AuditParts, parent: AuditPoint): Promise<Child | null> {
  const { chain } = parts;
  const height = parent.block.header.height + 1;
  const canonical = await readable(chain.canonicalHash(height));
  const others = (await readable(chain.hashesAt(height))) ?? [];
  const hashes = canonical === null ? others : [canonical, ...others.filter(hash => !equalBytes(hash, canonical))];
  let bad: Child | null = null;
  for (const hash of hashes) {
    const child = await readChild(parts, parent, hash);
    if (child?.ok) return child;
    // A block of another branch that is whole says nothing of this chain, unless the database says that it is the next one.
    if (child !== null) bad ??= child;
    else if (hash === canonical) bad ??= unlinked(height, hash);
  }
  return bad;
}

/** Null: the block is whole, and the child of another one. */
async function readChild(parts: AuditParts, parent: AuditPoint, hash: Uint8Array): Promise<Child | null> {
  const { genesis, engine } = parts;
  const height = parent.block.header.height + 1;
  const read = await readBlock(parts.chain, height, hash);
  if ('detail' in read) return { ok: false, finding: read };
  if (!equalBytes(read.header.parent, parent.block.hash)) return null;
  const alone = checkBlockAlone(parts, read);
  if (!alone.ok) return { ok: false, finding: findingOf(read, alone.error.code, alone.error.detail) };
  const checked = contextOf(engine, genesis, { sealed: read, parent });
  if (!checked.ok) return { ok: false, finding: findingOf(read, checked.error.code, checked.error.detail) };
  const derived = checked.value;
  const record = engine.headerChain?.encodeDerived(derived) ?? new Uint8Array(0);
  return { ok: true, block: { block: read, derived, record } };
}

async function readBlock(chain: ChainStore, height: number, hash: Uint8Array): Promise<Block | Finding> {
  try {
    const header = await chain.header(hash);
    if (header === null) return missing(height, 'header', rows.header.key(hash));
    const block = await chain.block(hash);
    return block ?? missing(height, 'body', rows.body.key(hash));
  } catch (error) {
    const isBody = (await readable(chain.header(hash))) !== null;
    const row = isBody ? 'body' : 'header';
    return { ...missing(height, row, rows[row].key(hash)), detail: damageOf(error) };
  }
}

function contextOf(
  engine: AnyEngine,
  genesis: Genesis,
  { sealed, parent }: { readonly sealed: SealedHeader; readonly parent: AuditPoint },
): Result<Derived> {
  if (engine.headerChain === null) return { ok: true, value: parent.derived };
  const { height, time } = parent.block.header;
  const rules = { params: paramsAt(genesis, 0), driftMs: paramsAt(genesis, height + 1).maxDriftMs };
  return engine.headerChain.checkContext(sealed, { height, time, ...parent.derived }, rules);
}

/** The first block with a bad signature, of its producer or of a sender. */
async function findForged({ verifier, chainId }: AuditParts, blocks: readonly AuditedBlock[]) {
  const checks = blocks.map(({ block }) => [producerCheck(chainId, block), ...block.transactions.map(signatureCheck)]);
  const answers = await verifier.verify(checks.flat());
  let first = 0;
  for (const [index, { block }] of blocks.entries()) {
    const bad = answers.slice(first, first + 1 + block.transactions.length).indexOf(false);
    if (bad === 0) {
      return { index, finding: findingOf(block, 'BAD_PRODUCER_SIGNATURE', "the producer's signature does not verify") };
    }
    if (bad > 0) {
      const detail = `the signature of transaction ${bad - 1} (${block.transactions[bad - 1]?.idHex}) does not verify`;
      return { index, finding: findingOf(block, 'BAD_SIGNATURE', detail) };
    }
    first += 1 + block.transactions.length;
  }
  return null;
}

/** What a read gives, null also where the row is damaged. */
export async function readable<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    damageOf(error);
    return null;
  }
}

/** The words of a damage; every other error is thrown on. */
function damageOf(error: unknown): string {
  if (error instanceof KvchainError && error.code === 'DATABASE_DAMAGED') return error.message;
  throw error;
}

/** What a check found in a block: a code of the body's is told of the body's row, all others of the header's. */
export function findingOf({ hash, header }: SealedHeader, code: ErrorCode, detail: string): Finding {
  const row = ofBody.has(code) ? 'body' : 'header';
  return { height: header.height, row, key: toHex(rows[row].key(hash)), code, detail };
}

const ofBody: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BAD_TRANSACTIONS_ROOT',
  'BAD_TRANSACTION',
  'BAD_SIGNATURE',
  'TOO_LARGE',
]);

function missing(height: number, row: 'header' | 'body' | 'canonical', key: Uint8Array): Finding {
  return {
    height,
    row,
    key: toHex(key),
    code: 'DATABASE_DAMAGED',
    detail: 'the row is missing or does not match its checksum',
  };
}

function unlinked(height: number, hash: Uint8Array): Child {
  const detail = `block ${toHex(hash)}, which should be next, is not the child of block ${height - 1}`;
  return { ok: false, finding: { ...missing(height, 'canonical', rows.canonical.key(height)), detail } };
}
