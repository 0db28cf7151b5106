/**
 * Reads that believe the daemon nothing but its absence: the headers are followed into the data folder, then a proof is asked for and
 * checked against them. A daemon can still keep the newest blocks back; the time of the followed head tells how old they are.
 */
import { toHex } from '../chain/bytes.ts';
import { errorRow, KvchainError } from '../chain/errors.ts';
import { type Genesis, paramsAt } from '../chain/genesis.ts';
import { formatAddress } from '../chain/keys.ts';
import { formatValue } from '../chain/proof.ts';
import type { KvchainClient, ReadValue, ResultOf } from '../daemon/rpc/client.ts';
import type { CheckedProof, LightClient } from '../daemon/rpc/light-client.ts';
import { CommandError } from './failure.ts';
import { openLightClient } from './header-file.ts';
import type { Session } from './session.ts';

/** The chain may move between following and asking. */
const attemptsMax = 3;

export interface ProofRequest {
  readonly key: string;
  /** Height of the header; default: the followed head. */
  readonly at?: number | undefined;
  /** How many blocks, the head among them, stand on the header; counted only without `at`. */
  readonly confirmations?: number | undefined;
}

export interface FetchedProof {
  readonly file: ResultOf<'kv_proof'>;
  readonly checked: CheckedProof;
  readonly light: LightClient;
  readonly genesis: Genesis;
}

/** A proof whose header is on the followed chain. Errors: NOT_VERIFIED, WRONG_CHAIN, HEIGHT_UNAVAILABLE, NOT_CONFIRMED. */
export async function fetchProof(session: Session, request: ProofRequest): Promise<FetchedProof> {
  const client = await session.client({ timeoutMs: 30_000 });
  const { light, genesis } = await openLightClient(session);
  for (let attempt = 1; ; attempt++) {
    await light.follow(client);
    const file = await client.proof(request.key, { height: heightOf(request, light) }).catch((error: unknown) => {
      if (!hasMovedOn(error, request) || attempt === attemptsMax) throw error;
      return null;
    });
    if (file === null) continue;
    const checked = await light.check(file);
    if (!checked.ok) throw new KvchainError(checked.error.code, checked.error.detail);
    if (checked.value.key !== request.key) {
      throw new KvchainError('NOT_VERIFIED', `asked for ${JSON.stringify(request.key)}, got a proof of another key`);
    }
    if (checked.value.confirmations > 0) return { file, checked: checked.value, light, genesis };
    if (attempt === attemptsMax) throw notFollowed(client, checked.value.header.height);
  }
}

/** What a key holds, proved. Errors: NO_KEY and NOT_CONFIRMED, proved too: their documents say against which header. */
export async function readVerified(
  session: Session,
  key: string,
  { at, read = 'local' }: { readonly at?: number | undefined; readonly read?: string | undefined },
): Promise<ReadValue & { readonly verdict: string }> {
  const confirmations = read === 'local' ? 1 : Number(/^confirmed:([0-9]+)$/.exec(read)?.[1] ?? 0);
  if (confirmations === 0) {
    const advice = 'Use --verify with --read local or confirmed:<n>.';
    throw new CommandError('FINALITY_UNAVAILABLE', `headers followed by their work show no ${read} state`, advice);
  }
  const { checked, light, genesis } = await fetchProof(session, { key, at, confirmations });
  const { record, value } = checked;
  if (record === null || value === null) {
    const young = at === undefined && confirmations > 1 ? await fetchProof(session, { key }) : null;
    throw young?.checked.value ? notConfirmed(young, confirmations) : noKey(checked, at);
  }
  const params = paramsAt(genesis, light.tip.height);
  const depth = light.tip.height - record.height + 1;
  return {
    key,
    ...formatValue(value),
    bytes: value,
    contentType: record.contentType,
    version: record.version,
    owner: formatAddress(record.owner, params.addressPrefix),
    height: record.height,
    confirmations: depth,
    read,
    finality: depth >= params.safeConfirmations ? 'safe' : 'included',
    verdict: checked.verdict,
  };
}

/** The key got its value in the newest blocks. */
function notConfirmed({ checked, light }: FetchedProof, wanted: number): CommandError {
  const depth = light.tip.height - (checked.record?.height ?? 0) + 1;
  const detail = `the value at key ${JSON.stringify(checked.key)} has ${depth} confirmations, asked for ${wanted}`;
  return new CommandError('NOT_CONFIRMED', detail, errorRow('NOT_CONFIRMED').action, { facts: provedBy(checked) });
}

function noKey(checked: CheckedProof, at: number | undefined): CommandError {
  const place = at === undefined ? '' : ` at height ${at}`;
  const detail = `the key ${JSON.stringify(checked.key)} has no value${place} (verified: its absence is proved)`;
  return new CommandError('NO_KEY', detail, errorRow('NO_KEY').action, { facts: provedBy(checked) });
}

function provedBy({ verdict, header, hash }: CheckedProof): object {
  return { verified: { verdict, height: header.height, headerHash: toHex(hash) } };
}

/** The head ran away while many headers were followed; the next ones are few. A height that the caller named stays what it is. */
function hasMovedOn(error: unknown, { at }: ProofRequest): boolean {
  return at === undefined && error instanceof KvchainError && error.code === 'HEIGHT_UNAVAILABLE';
}

function heightOf({ at, confirmations = 1 }: ProofRequest, light: LightClient): number {
  if (at !== undefined) return at;
  const { height } = light.tip;
  if (confirmations <= height + 1) return height + 1 - confirmations;
  throw new KvchainError('NOT_CONFIRMED', `the chain has ${height + 1} blocks, fewer than ${confirmations}`);
}

function notFollowed(client: KvchainClient, height: number): KvchainError {
  return new KvchainError(
    'NOT_VERIFIED',
    `${client.url} proves against a header of height ${height} that is not on the heaviest chain`,
  );
}
