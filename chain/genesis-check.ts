/** What a genesis must fulfil beyond its shape, wherever it comes from: parameters in range, nothing twice, no more money than allowed. */
import { isWellFormed, toHex, utf8Length } from './bytes.ts';
import { accept, type Result, reject } from './errors.ts';
import { finalityMembersMax } from './finality-params.ts';
import { allocationsMax, type Genesis, genesisVersion, membersMax, mintersMax, type Params } from './genesis.ts';
import { isPublicKey } from './keys.ts';
import { hasMembers, validateParams } from './params.ts';

const scheduleEntriesMax = 100;

/** Checks the whole genesis; about 40 us a member. Errors: BAD_GENESIS with the path, the value and what was expected; BAD_VERSION. */
export function validateGenesis(genesis: Genesis): Result<null> {
  if (genesis.version !== genesisVersion) {
    return reject('BAD_VERSION', `genesis version ${genesis.version}, this program knows ${genesisVersion}`);
  }
  return firstFault([checkNames, checkSchedule, checkMembers, checkMinters, checkAllocations], genesis);
}

type Check = (genesis: Genesis) => Result<null>;

function firstFault(checks: readonly Check[], genesis: Genesis): Result<null> {
  for (const check of checks) {
    const checked = check(genesis);
    if (!checked.ok) return checked;
  }
  return accept(null);
}

function checkNames({ name, members }: Genesis): Result<null> {
  const named = [
    { path: 'name', name },
    ...members.map((member, index) => ({ path: `members[${index}].name`, ...member })),
  ];
  for (const entry of named) {
    const bytes = utf8Length(entry.name);
    if (isWellFormed(entry.name) && bytes >= 1 && bytes <= 64) continue;
    return reject('BAD_GENESIS', `${entry.path}: ${bytes} bytes, expected text of 1 to 64 bytes`);
  }
  return accept(null);
}

function checkSchedule({ schedule, engine }: Genesis): Result<null> {
  if (schedule.length > scheduleEntriesMax) return tooMany('schedule', schedule.length, scheduleEntriesMax);
  let previous: { readonly height: number; readonly params: Params } | null = null;
  for (const [index, entry] of schedule.entries()) {
    const path = `schedule[${index}]`;
    const isNext = previous === null ? entry.height === 0 : entry.height > previous.height;
    if (!isNext) {
      const expected = previous === null ? '0' : `above ${previous.height}`;
      return reject('BAD_GENESIS', `${path}.height: ${entry.height}, expected ${expected}`);
    }
    const checked = validateParams(entry.params, engine, `${path}.params`);
    if (!checked.ok) return checked;
    for (const field of ['addressPrefix', 'keyOwnership', 'testNetwork'] as const) {
      if (previous === null || entry.params[field] === previous.params[field]) continue;
      const expected = `${previous.params[field]}: it holds from the first block on`;
      return reject('BAD_GENESIS', `${path}.params.${field}: ${entry.params[field]}, expected ${expected}`);
    }
    previous = entry;
  }
  return previous === null ? reject('BAD_GENESIS', 'schedule: empty, expected an entry for height 0') : accept(null);
}

function checkMembers({ members, engine }: Genesis): Result<null> {
  if (!hasMembers(engine) && members.length > 0) {
    return reject('BAD_GENESIS', `members: ${members.length}, expected none for the engine ${engine}`);
  }
  if (hasMembers(engine) && members.length === 0) {
    return reject('BAD_GENESIS', `members: none, expected at least 1 for the engine ${engine}`);
  }
  const most = engine === 'pow-paxos' ? finalityMembersMax : membersMax;
  if (members.length > most) return tooMany('members', members.length, most);
  for (const [index, { publicKey }] of members.entries()) {
    if (isPublicKey(publicKey)) continue;
    return reject('BAD_GENESIS', `members[${index}].publicKey: ${toHex(publicKey)}, expected a point of secp256k1`);
  }
  const names = unique(
    'members',
    members.map(member => member.name),
  );
  return names.ok
    ? unique(
        'members',
        members.map(member => toHex(member.publicKey)),
      )
    : names;
}

function checkMinters({ minters }: Genesis): Result<null> {
  if (minters.length > mintersMax) return tooMany('minters', minters.length, mintersMax);
  return unique('minters', minters.map(toHex));
}

function checkAllocations({ allocations, schedule }: Genesis): Result<null> {
  if (allocations.length > allocationsMax) return tooMany('allocations', allocations.length, allocationsMax);
  const supplyMax = schedule[0]?.params.supplyMax ?? 0n;
  let total = 0n;
  for (const [index, { balance }] of allocations.entries()) {
    if (balance <= 0n) return reject('BAD_GENESIS', `allocations[${index}].balance: ${balance}, expected at least 1`);
    total += balance;
  }
  if (total > supplyMax) {
    return reject('BAD_GENESIS', `allocations: ${total} in all, expected at most the supplyMax of ${supplyMax}`);
  }
  return unique(
    'allocations',
    allocations.map(allocation => toHex(allocation.address)),
  );
}

function unique(path: string, texts: readonly string[]): Result<null> {
  const seen = new Set<string>();
  for (const [index, text] of texts.entries()) {
    if (seen.has(text)) return reject('BAD_GENESIS', `${path}[${index}]: ${text} stands there twice, expected once`);
    seen.add(text);
  }
  return accept(null);
}

function tooMany(path: string, count: number, max: number): Result<null> {
  return reject('BAD_GENESIS', `${path}: ${count} entries, expected at most ${max}`);
}
