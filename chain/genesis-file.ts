/**
 * The genesis as people write it: JSON with the name of its format and a version. Amounts are decimal strings, keys and compact targets
 * hexadecimal, addresses bech32m with the prefix of the network. Parameters that are left out take their defaults; an unknown key is an
 * error, so that a misspelt one never means its default. docs/protocol/genesis.md lists every key.
 */
import { fromHex, isWellFormed, toHex, toUtf8 } from './bytes.ts';
import { amountMax } from './codec.ts';
import { accept, KvchainError, type Result, reject } from './errors.ts';
import {
  type Allocation,
  type EngineName,
  engineNames,
  type Genesis,
  genesisVersion,
  type Member,
  type Params,
  type ScheduleEntry,
} from './genesis.ts';
import { validateGenesis } from './genesis-check.ts';
import { formatAddress, parseAddress, publicKeyLength } from './keys.ts';
import { defaultParams } from './params.ts';

export const genesisFormat = 'kvchain-genesis';
/** Longer texts are refused before they are parsed: room for 100,000 allocations. */
export const genesisTextMax = 33_554_432;

/**
 * Reads and checks a genesis file. Errors: BAD_GENESIS with the path of the key, the value and what was expected; BAD_VERSION for a
 * newer format; TOO_LARGE.
 */
export function parseGenesis(text: string): Result<Genesis> {
  if (text.length > genesisTextMax) {
    return reject('TOO_LARGE', `genesis file of ${text.length} characters, at most ${genesisTextMax}`);
  }
  try {
    const genesis = readGenesis(parseJson(text));
    const checked = validateGenesis(genesis);
    return checked.ok ? accept(genesis) : checked;
  } catch (error) {
    if (error instanceof KvchainError) return reject(error.code, error.message);
    throw error;
  }
}

/** The file of a genesis, with every parameter written out; `parseGenesis` gives the same genesis again. */
export function formatGenesis(genesis: Genesis): string {
  const prefix = genesis.schedule[0]?.params.addressPrefix ?? '';
  const json = {
    format: genesisFormat,
    version: genesis.version,
    name: genesis.name,
    engine: genesis.engine,
    time: genesis.time,
    schedule: genesis.schedule.map(({ height, params }) => ({ height, params: writeParams(params) })),
    members: genesis.members.map(({ name, publicKey }) => ({ name, publicKey: toHex(publicKey) })),
    minters: genesis.minters.map(address => formatAddress(address, prefix)),
    allocations: genesis.allocations.map(({ address, balance }) => ({
      address: formatAddress(address, prefix),
      balance: balance.toString(),
    })),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** One kind of value in the file: how it is read (undefined when it is not one) and written. */
interface Form<T> {
  readonly expected: string;
  read(json: unknown): T | undefined;
  write(value: T): unknown;
}

const natural: Form<number> = {
  expected: 'a whole number from 0 to 2^53-1',
  read: json => (typeof json === 'number' && Number.isSafeInteger(json) && json >= 0 ? json : undefined),
  write: value => value,
};

const amountText: Form<bigint> = {
  expected: 'a decimal string from "0" to "18446744073709551615"',
  read: json => {
    if (typeof json !== 'string' || !/^(?:0|[1-9][0-9]{0,19})$/.test(json)) return undefined;
    const value = BigInt(json);
    return value <= amountMax ? value : undefined;
  },
  write: value => value.toString(),
};

const shortText: Form<string> = {
  expected: 'text of 1 to 64 bytes',
  read: json => (typeof json === 'string' && isWellFormed(json) && isShort(json) ? json : undefined),
  write: value => value,
};

const flag: Form<number> = {
  expected: 'true or false',
  read: json => (typeof json === 'boolean' ? Number(json) : undefined),
  write: value => value === 1,
};

const bits: Form<number> = {
  expected: 'a compact target of 8 hexadecimal digits',
  read: json => (typeof json === 'string' && /^[0-9a-f]{8}$/.test(json) ? Number.parseInt(json, 16) : undefined),
  write: value => value.toString(16).padStart(8, '0'),
};

const publicKey: Form<Uint8Array> = hex(publicKeyLength);

const paramForms: { readonly [K in keyof Params]-?: Form<Params[K]> } = {
  keyOwnership: choice(['first-writer', 'open']),
  addressPrefix: shortText,
  testNetwork: flag,
  targetMs: natural,
  retarget: choice(['asert', 'fixed']),
  tauMs: natural,
  bits,
  maxTargetBits: bits,
  maxDriftMs: natural,
  subsidy: amountText,
  halvingBlocks: natural,
  supplyMax: amountText,
  feePerByteMin: amountText,
  blockBytesMax: natural,
  blockTransactionsMax: natural,
  blockOperationsMax: natural,
  transactionBytesMax: natural,
  transactionOperationsMax: natural,
  safeConfirmations: natural,
  undoBlocksMax: natural,
  engineParams: hex(undefined),
};
const paramNames = Object.keys(paramForms) as (keyof Params)[];

function readGenesis(json: unknown): Genesis {
  const version = readVersion(json);
  const file = readObject(json, '', requiredKeys, optionalKeys);
  const engine = readField(file, '', 'engine', choice(engineNames));
  const schedule = readSchedule(file.schedule, engine);
  const address = addressForm(schedule[0]?.params.addressPrefix ?? '');
  return {
    version,
    name: readField(file, '', 'name', shortText),
    engine,
    time: readField(file, '', 'time', natural),
    schedule,
    members: readList(file.members, 'members', readMember),
    minters: readList(file.minters, 'minters', (item, path) => readValue(item, path, address)),
    allocations: readList(file.allocations, 'allocations', (item, path) => readAllocation(item, path, address)),
  };
}

const requiredKeys = ['format', 'version', 'name', 'engine', 'time'];
const optionalKeys = ['schedule', 'members', 'minters', 'allocations'];

/** Looks at format and version before anything else, so that a newer file is told from a damaged one. */
function readVersion(json: unknown): number {
  const file = readObject(json, '', ['format', 'version'], null);
  readField(file, '', 'format', choice([genesisFormat]));
  const version = readField(file, '', 'version', natural);
  if (version === genesisVersion) return version;
  throw new KvchainError('BAD_VERSION', `genesis version ${version}, this program knows ${genesisVersion}`);
}

/** Entry 0 takes what it leaves out from the defaults of the engine, each later entry from the one before it. */
function readSchedule(json: unknown, engine: EngineName): readonly ScheduleEntry[] {
  let previous: Params | null = null;
  const entries = readList(json ?? [{ height: 0, params: {} }], 'schedule', (item, path): ScheduleEntry => {
    const entry = readObject(item, path, ['height', 'params'], []);
    const given = readParams(entry.params, `${path}.params`);
    const params: Params = previous === null ? defaultParams(engine, given) : { ...previous, ...given };
    previous = params;
    return { height: readField(entry, path, 'height', natural), params };
  });
  return entries.length > 0 ? entries : bad('schedule', [], 'at least one entry');
}

function readParams(json: unknown, path: string): Partial<Params> {
  const object = readObject(json, path, [], paramNames);
  const given: Partial<Record<keyof Params, unknown>> = {};
  for (const name of paramNames) {
    if (object[name] !== undefined) given[name] = readField<unknown>(object, path, name, paramForms[name]);
  }
  return given as Partial<Params>;
}

function writeParams(params: Params): Record<string, unknown> {
  return Object.fromEntries(paramNames.map(name => [name, (paramForms[name] as Form<unknown>).write(params[name])]));
}

function readMember(json: unknown, path: string): Member {
  const member = readObject(json, path, ['name', 'publicKey'], []);
  return {
    name: readField(member, path, 'name', shortText),
    publicKey: readField(member, path, 'publicKey', publicKey),
  };
}

function readAllocation(json: unknown, path: string, address: Form<Uint8Array>): Allocation {
  const allocation = readObject(json, path, ['address', 'balance'], []);
  return {
    address: readField(allocation, path, 'address', address),
    balance: readField(allocation, path, 'balance', amountText),
  };
}

function choice<T extends string>(values: readonly T[]): Form<T> {
  return {
    expected: values.map(value => JSON.stringify(value)).join(' or '),
    read: json => values.find(value => value === json),
    write: value => value,
  };
}

function hex(length: number | undefined): Form<Uint8Array> {
  return {
    expected: length === undefined ? 'hexadecimal bytes' : `${length} bytes as ${2 * length} hexadecimal digits`,
    read: json => (typeof json === 'string' ? (fromHex(json, length) ?? undefined) : undefined),
    write: toHex,
  };
}

function addressForm(prefix: string): Form<Uint8Array> {
  return {
    expected: `an address that begins with ${prefix}1`,
    read: json => {
      const parsed = typeof json === 'string' ? parseAddress(json, prefix) : null;
      return parsed?.ok === true ? parsed.value : undefined;
    },
    write: value => formatAddress(value, prefix),
  };
}

function readField<T>(object: Readonly<Record<string, unknown>>, path: string, name: string, form: Form<T>): T {
  return readValue(object[name], joined(path, name), form);
}

function readValue<T>(json: unknown, path: string, form: Form<T>): T {
  const value = form.read(json);
  return value === undefined ? bad(path, json, form.expected) : value;
}

function readList<T>(json: unknown, path: string, readItem: (item: unknown, path: string) => T): readonly T[] {
  if (json === undefined) return [];
  if (!Array.isArray(json)) return bad(path, json, 'an array');
  return json.map((item, index) => readItem(item, `${path}[${index}]`));
}

/** An object with all `required` keys and no others than those and the `optional` ones; null allows any. */
function readObject(
  json: unknown,
  path: string,
  required: readonly string[],
  optional: readonly string[] | null,
): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return bad(path, json, 'an object');
  const known = [...required, ...(optional ?? Object.keys(json))];
  for (const [name, value] of Object.entries(json)) {
    if (!known.includes(name)) bad(joined(path, name), value, `one of the keys ${known.join(', ')}`);
  }
  for (const name of required) {
    if (!Object.hasOwn(json, name)) bad(joined(path, name), undefined, 'a value');
  }
  return json as Readonly<Record<string, unknown>>;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unreadable';
    throw new KvchainError('BAD_GENESIS', `the genesis file is not JSON: ${why}`);
  }
}

function bad(path: string, value: unknown, expected: string): never {
  const shown = value === undefined ? 'missing' : JSON.stringify(value).slice(0, 100);
  throw new KvchainError('BAD_GENESIS', `${path === '' ? 'genesis' : path}: ${shown}, expected ${expected}`);
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function isShort(text: string): boolean {
  const { length } = toUtf8(text);
  return length >= 1 && length <= 64;
}
