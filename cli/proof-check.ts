/** Checks a proof file against the headers that were followed before; nothing is asked of anybody. */
import { equalBytes, toHex } from '../chain/bytes.ts';
import { errorRow, KvchainError } from '../chain/errors.ts';
import { formatValue, type ProvenClaim, proofTextMax, verifyProofText } from '../chain/proof.ts';
import type { LightClient } from '../daemon/rpc/light-client.ts';
import { CommandError } from './failure.ts';
import { openLightClient } from './header-file.ts';
import { fields } from './output.ts';
import type { Session } from './session.ts';
import { readInput } from './user-files.ts';

/** Prints what the file proves. Errors: NOT_VERIFIED, also when its header was not followed (unless `isHeaderEnough`), WRONG_CHAIN. */
export async function verifyFile(
  session: Session,
  { file, isHeaderEnough }: { readonly file: string; readonly isHeaderEnough: boolean },
): Promise<void> {
  const bytes = await readInput(session.streams, file, proofTextMax);
  const text = new TextDecoder().decode(bytes);
  const proven = verifyProofText(text);
  if (!proven.ok) throw new KvchainError(proven.error.code, `${file}: ${proven.error.detail}`);
  const claim = proven.value;
  const checked = isHeaderEnough ? { verdict: claim.verdict, confirmations: null } : await onChain(session, claim);
  session.output.answer(document(claim, checked), people(claim, checked));
}

interface Checked {
  readonly verdict: string;
  /** Null: nobody looked on which chain the header is. */
  readonly confirmations: number | null;
}

async function onChain(session: Session, claim: ProvenClaim): Promise<Checked> {
  const { light } = await openLightClient(session);
  if (!equalBytes(claim.chainId, light.chainId)) throw otherChain(session, claim, light);
  const checked = await light.place(claim);
  if (checked.verdict !== 'proves against this header') return checked;
  const { header, hash } = checked;
  const { height } = light.tip;
  const advice =
    'Follow the chain first (`kvchain proof KEY` does), or compare the hash yourself and use --header-only.';
  const detail = `the proof holds against the header ${toHex(hash)} of height ${header.height}, but that is not on the followed chain of height ${height}`;
  throw new CommandError('NOT_VERIFIED', detail, advice);
}

/** No fault of the proof: it is not about the chain that is known here. */
function otherChain({ folder }: Session, { chainId }: ProvenClaim, light: LightClient): CommandError {
  const detail = `the proof is of another chain, ${toHex(chainId)}; the data folder ${folder.path} belongs to ${toHex(light.chainId)}`;
  const advice = 'Give the data folder of that network with --data-dir, or make one with its genesis.';
  return new CommandError('WRONG_CHAIN', detail, advice, { exit: errorRow('NOT_VERIFIED').exit });
}

function document(claim: ProvenClaim, { verdict, confirmations }: Checked): object {
  const { key, record, value, header, hash, chainId } = claim;
  const held =
    record === null || value === null ? { absent: true } : { ...formatValue(value), version: record.version };
  return {
    verdict,
    key,
    ...held,
    chainId: toHex(chainId),
    height: header.height,
    headerHash: toHex(hash),
    confirmations,
  };
}

function people(claim: ProvenClaim, { verdict, confirmations }: Checked): string {
  const { key, record, value, header, hash } = claim;
  const held = value === null ? '(no value)' : formatValue(value).value;
  return fields([
    ['verdict', verdict],
    ['key', key],
    ['value', held],
    ['version', record?.version ?? null],
    ['height', header.height],
    ['header', toHex(hash)],
    ['confirmations', confirmations],
  ]);
}
