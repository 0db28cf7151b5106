/**
 * The genesis as people write it: JSON with the name of its format and a version. Amounts are decimal strings, keys and compact targets
 * hexadecimal, addresses bech32m with the prefix of the network. Parameters that are left out take their defaults; an unknown key is an
 * error, so that a misspelt one never means its default. docs/protocol/genesis.md lists every key.
 */
import { toHex } from './bytes.ts';
import type { Result } from './errors.ts';
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
import {
  amountText,
  checkFormat,
  checkKeys,
  choice,
  type Form,
  field,
  hexBytes,
  type JsonNode,
  natural,
  readField,
  readJsonFile,
  readList,
  readValue,
  refuse,
  textOf,
} from './json-file.ts';
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
  const read = readJsonFile(text, { name: 'genesis file', code: 'BAD_GENESIS', textMax: genesisTextMax }, readGenesis);
  const checked = read.ok ? validateGenesis(read.value) : read;
  return checked.ok ? read : checked;
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
      balance: amountText.write(balance),
    })),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

const shortText = textOf(1, 64);

const flag: Form<number> = {
  expected: 'true or false',
  read: json => (typeof json === 'boolean' ? Number(json) : undefined),
  write: value => value === 1,
};

const compactTarget: Form<number> = {
  expected: 'a compact target of 8 hexadecimal digits',
  read: json => (typeof json === 'string' && /^[0-9a-f]{8}$/.test(json) ? Number.parseInt(json, 16) : undefined),
  write: value => value.toString(16).padStart(8, '0'),
};

const paramForms: { readonly [K in keyof Params]: Form<Params[K]> } = {
  keyOwnership: choice(['first-writer', 'open']),
  addressPrefix: shortText,
  testNetwork: flag,
  targetMs: natural,
  retarget: choice(['asert', 'fixed']),
  tauMs: natural,
  bits: compactTarget,
  maxTargetBits: compactTarget,
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
  engineParams: hexBytes(0, 4_096),
};
const paramNames = Object.keys(paramForms).filter(isParamName);

function readGenesis(file: JsonNode): Genesis {
  checkFormat(file, genesisFormat, genesisVersion);
  const lists = ['schedule', 'members', 'minters', 'allocations'];
  checkKeys(file, ['format', 'version', 'name', 'engine', 'time'], lists);
  const engine = readField(file, 'engine', choice(engineNames));
  const schedule = readSchedule(field(file, 'schedule'), engine);
  const address = addressForm(schedule[0]?.params.addressPrefix ?? '');
  return {
    version: genesisVersion,
    name: readField(file, 'name', shortText),
    engine,
    time: readField(file, 'time', natural),
    schedule,
    members: readList(field(file, 'members'), readMember),
    minters: readList(field(file, 'minters'), item => readValue(item, address)),
    allocations: readList(field(file, 'allocations'), item => readAllocation(item, address)),
  };
}

/** Entry 0 takes what it leaves out from the defaults of the engine, each later entry from the one before it. */
function readSchedule(list: JsonNode, engine: EngineName): readonly ScheduleEntry[] {
  if (list.json === undefined) return [{ height: 0, params: defaultParams(engine) }];
  let previous: Params | null = null;
  const entries = readList(list, (entry): ScheduleEntry => {
    checkKeys(entry, ['height', 'params']);
    const given = readParams(field(entry, 'params'));
    const params: Params = previous === null ? defaultParams(engine, given) : { ...previous, ...given };
    previous = params;
    return { height: readField(entry, 'height', natural), params };
  });
  return entries.length > 0 ? entries : refuse(list, 'at least one entry');
}

function readParams(node: JsonNode): Partial<Params> {
  checkKeys(node, [], paramNames);
  const given: Partial<Record<keyof Params, unknown>> = {};
  for (const name of paramNames) {
    const value = field(node, name);
    if (value.json !== undefined) given[name] = readValue<unknown>(value, paramForms[name]);
  }
  return given as Partial<Params>;
}

function writeParams(params: Params): Record<string, unknown> {
  return Object.fromEntries(paramNames.map(name => [name, writeParam(name, params)]));
}

function writeParam<K extends keyof Params>(name: K, params: Params): unknown {
  const form: Form<Params[K]> = paramForms[name];
  return form.write(params[name]);
}

function isParamName(name: string): name is keyof Params {
  return Object.hasOwn(paramForms, name);
}

function readMember(node: JsonNode): Member {
  checkKeys(node, ['name', 'publicKey']);
  return {
    name: readField(node, 'name', shortText),
    publicKey: readField(node, 'publicKey', hexBytes(publicKeyLength)),
  };
}

function readAllocation(node: JsonNode, address: Form<Uint8Array>): Allocation {
  checkKeys(node, ['address', 'balance']);
  return { address: readField(node, 'address', address), balance: readField(node, 'balance', amountText) };
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
