/** What a server does and hears, in the assignment's words. */
import type { ResultOf } from '../../daemon/rpc/client.ts';
import { visible } from '../output.ts';

type TraceEntry = ResultOf<'node_trace'>['entries'][number];

/** Who tells, and whose numbers stand in ballots. */
export interface Narrator {
  readonly self: string;
  /** Names of the members by their places. */
  readonly members: readonly string[];
}

/** The sentence for an entry; null for one that is only told in a full trace. */
export function tell(entry: TraceEntry, narrator: Narrator): string | null {
  const { what, member, data } = entry;
  switch (what) {
    case 'nonce':
      return `Found the nonce of the next block\n${sealLines(data)}`;
    case 'committed':
      return `Committing the block at depth ${data.depth}\n${sealLines(data)}`;
    case 'said':
      return visible(`${member} says: ${data.text}`);
    case 'sent':
      if (data.type !== 'accept') return null;
      return `Sending proposal with ballot number ${ballotText(data, narrator)} to ${member}`;
    case 'received':
      if (data.type !== 'accepted') return null;
      return `Received acknowledgment for ballot number ${ballotText(data, narrator)} from ${member}`;
    default:
      return null;
  }
}

/** A message with from, to, type, ballot and depth; null for what is no message. */
export function tellMessage({ what, member, data }: TraceEntry, narrator: Narrator): string | null {
  if (what !== 'sent' && what !== 'received') return null;
  const [from, to] = what === 'sent' ? [narrator.self, member] : [member, narrator.self];
  const ballot = data.number === undefined ? '' : ` ballot ${ballotText(data, narrator)}`;
  const blocks = data.blocks === undefined ? '' : ` blocks ${data.blocks}`;
  return `${what.padEnd(8)} ${from} -> ${to} ${data.type}${ballot}${blocks}`;
}

/** <seq_num, proc_id, depth>. */
function ballotText(data: TraceEntry['data'], { members }: Narrator): string {
  const member = members[Number(data.member)] ?? data.member;
  return `<${data.number}, ${member}, ${data.depth}>`;
}

const sealRows = [
  ['operation', 'Operation'],
  ['nonce', 'Nonce'],
  ['h', 'h'],
  ['pointer', 'Hash pointer'],
  ['hash', 'Hash'],
] as const;

/** The texts of a block, each as it was hashed. */
export function sealLines(texts: Readonly<Record<string, string | number>>): string {
  return sealRows.map(([field, name]) => `  ${name.padEnd(14)}${visible(String(texts[field] ?? ''))}`).join('\n');
}
