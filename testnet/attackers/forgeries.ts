/** Blocks on the present head, and transactions, that break exactly one rule each. */
import type { Header } from '../../chain/block.ts';
import { addressOf } from '../../chain/keys.ts';
import { merkleRoot } from '../../chain/merkle.ts';
import { decodeBits, encodeBits } from '../../chain/target.ts';
import { signTransactionWith, type Transaction, type UnsignedFields } from '../../chain/transaction.ts';
import type { Template } from '../../consensus/engine.ts';
import type { Candidate } from '../../daemon/ledger-writer.ts';
import type { Node } from '../../daemon/node.ts';
import { accounts } from '../sim/accounts.ts';
import type { Draft, Forge } from './forge.ts';

export interface ForgeryParts {
  readonly node: Node;
  readonly template: Template;
  readonly now: number;
  readonly bench: Forge;
  /** What the attacker's own node makes of these transactions; it leaves out what may not be included. */
  readonly prepare: (transactions: readonly Transaction[]) => Promise<Candidate | null>;
}

export interface Forgery {
  readonly rule: string;
  /** Every node sees it before it executes anything or asks for anything. */
  readonly isPlain: boolean;
  /** Some blocks are only too early. */
  readonly isForEver: boolean;
  readonly draft: (parts: ForgeryParts) => Promise<Draft | null>;
}

/** Further ahead of all clocks than any of them may be wrong. */
const farAheadMs = 60_000;

const plain = new Set([
  'A-B1 transactions',
  'A-V1 work',
  'A-V1 extension',
  'A-V2 height',
  'A-V3',
  'A-V4',
  'producer signature',
]);

export const forgeries: readonly Forgery[] = [
  ofDraft('A-V1 work', () => ({ work: 'missing' })),
  ofHeader('A-V1 extension', () => ({ extension: Uint8Array.of(1) })),
  ofHeader('A-V2 height', ({ height }) => ({ height: height + 1 })),
  // Harder than asked for, so that it weighs more than an honest block.
  ofHeader('A-V3', ({ bits }) => ({ bits: encodeBits((decodeBits(bits) ?? 2n) / 2n) })),
  ofHeader('A-V4', (_header, { template }) => ({ time: template.timeMin - 1 })),
  { ...ofHeader('A-V5', (_header, { now }) => ({ time: now + farAheadMs })), isForEver: false },
  ofHeader('A-B1 transactions', (_header, { bench }) => ({ transactionsRoot: bench.chance.bytes(32) })),
  ofHeader('A-B1 receipts', (_header, { bench }) => ({ receiptsRoot: bench.chance.bytes(32) })),
  ofHeader('A-B1 state', (_header, { bench }) => ({ stateRoot: bench.chance.bytes(32) })),
  ofDraft('producer signature', () => ({ signature: 'wrong' })),
  besideHead(),
  ofTransaction('A-B1 signatures', stolen),
  ofTransaction('chain id', ({ bench }) => ownTransaction(bench.chance.bytes(32), bench, {})),
  ofTransaction('ledger nonce', ({ node, bench }) => ownTransaction(node.chainId, bench, { nonce: 7 })),
  ofTransaction('ledger expiry', ({ node, bench, template }) =>
    ownTransaction(node.chainId, bench, { expiresAt: template.height - 1 }),
  ),
];

/** A transaction of a client that the attacker signed: its money would be the attacker's. */
export async function stolen({ node, bench }: Pick<ForgeryParts, 'node' | 'bench'>): Promise<Transaction> {
  const { publicKey, address } = bench.chance.pick(accounts);
  const { nonce } = node.chain.accountSync(address);
  const to = addressOf(bench.signer.publicKey);
  const fields = { ...fieldsOf(node.chainId, bench), nonce };
  const operations = [{ type: 'transfer' as const, to, amount: 1n }];
  return signTransactionWith({ ...fields, operations }, { ...bench.signer, publicKey });
}

/** A transaction of the attacker itself, right but for `changes`. */
export function ownTransaction(
  chainId: Uint8Array,
  bench: Pick<Forge, 'chance' | 'signer'>,
  changes: Partial<UnsignedFields>,
): Transaction {
  return signTransactionWith({ ...fieldsOf(chainId, bench), ...changes }, bench.signer);
}

function fieldsOf(chainId: Uint8Array, { chance }: Pick<Forge, 'chance'>): UnsignedFields {
  const operations = [{ type: 'get' as const, key: 'nothing' }];
  return { chainId, nonce: 0, fee: 0n, expiresAt: null, memo: chance.bytes(8), operations };
}

/** A block beside the head; with one upon it the head must be undone before it shows that its state is wrong. */
function besideHead(): Forgery {
  const draft = async ({ node, prepare, bench }: ForgeryParts) => {
    const candidate = await prepare([]);
    const { header } = node.ledger.head;
    if (candidate === null || header.height === 0) return null;
    const { parent, height, bits } = header;
    const wrong = { ...candidate.header, parent, height, bits, time: header.time, stateRoot: bench.chance.bytes(32) };
    return { header: wrong, transactions: [], work: 'done' as const, signature: 'right' as const };
  };
  return { rule: 'A-B1 state', isPlain: false, isForEver: true, draft };
}

function ofDraft(rule: string, changes: () => Partial<Draft>): Forgery {
  const draft = async ({ prepare }: ForgeryParts) => {
    const candidate = await prepare([]);
    return candidate && { ...candidate, work: 'done' as const, signature: 'right' as const, ...changes() };
  };
  return { rule, isPlain: plain.has(rule), isForEver: true, draft };
}

function ofHeader(rule: string, change: (header: Header, parts: ForgeryParts) => Partial<Header>): Forgery {
  const draft = async (parts: ForgeryParts) => {
    const candidate = await parts.prepare([]);
    if (candidate === null) return null;
    const header = { ...candidate.header, ...change(candidate.header, parts) };
    return { header, transactions: candidate.transactions, work: 'done' as const, signature: 'right' as const };
  };
  return { rule, isPlain: plain.has(rule), isForEver: true, draft };
}

/** A block with a transaction that may not be in it. Its roots are right when the attacker's own node would include it. */
function ofTransaction(rule: string, make: (parts: ForgeryParts) => Transaction | Promise<Transaction>): Forgery {
  const draft = async (parts: ForgeryParts) => {
    const transaction = await make(parts);
    const candidate = await parts.prepare([transaction]);
    if (candidate === null) return null;
    const header = { ...candidate.header, transactionsRoot: merkleRoot([transaction.witnessId]) };
    return { header, transactions: [transaction], work: 'done' as const, signature: 'right' as const };
  };
  return { rule, isPlain: plain.has(rule), isForEver: true, draft };
}
