/**
 * THE table of kvchaind's settings: flag, key of the configuration file, form, default and meaning of each. The parser, --help and
 * docs/reference/config.md come from it. There are no environment variables.
 */

import { logLevels } from './logging.ts';
import { doorLimits } from './rpc/server-settings.ts';
import { z } from './zod.ts';

/** How the text of a flag becomes a value. A `switch` takes no text; a `list` may be given again. */
export type SettingKind = 'text' | 'integer' | 'switch' | 'list';

export interface Setting<T extends z.ZodType = z.ZodType> {
  readonly kind: SettingKind;
  /** What stands for the value in --help. */
  readonly argument: string;
  readonly schema: T;
  /** Null: there is none, the setting may be absent. */
  readonly default: z.output<T> | null;
  readonly meaning: string;
  /** Where it makes sense; everywhere when not given. */
  readonly onlyFor?: 'flag' | 'init';
}

function setting<T extends z.ZodType>(row: Setting<T>): Setting<T> {
  return row;
}

const port = z.int().min(0).max(65_535);
const text = z.string().min(1).max(4_096);

const tokenText = /^([a-z0-9-]{1,32}):(read|submit|admin):([0-9a-f]{64})$/;

const tokenScope = z.enum(['read', 'submit', 'admin']);

/** A token that may be used over the network: NAME:SCOPE:SHA256. */
const tokenSetting = text
  .regex(tokenText, 'expected NAME:SCOPE:SHA256, the hash in lower-case hexadecimal')
  .transform(given => {
    const [, name = '', scope = '', sha256 = ''] = tokenText.exec(given) ?? [];
    return { name, scope: tokenScope.parse(scope), sha256 };
  });

export const settings = {
  dataDir: setting({
    kind: 'text',
    argument: 'DIR',
    schema: text,
    default: '~/.kvchain',
    meaning: 'Folder of the database, the keys and the configuration file.',
    onlyFor: 'flag',
  }),
  genesis: setting({
    kind: 'text',
    argument: 'FILE',
    schema: text,
    default: null,
    meaning: 'Genesis file of the network to join.',
    onlyFor: 'init',
  }),
  rpcHost: setting({
    kind: 'text',
    argument: 'ADDRESS',
    schema: text,
    default: '127.0.0.1',
    meaning: 'Where the API listens. Any but a loopback address needs --tls-cert, --tls-key and --rpc-tokens.',
  }),
  rpcPort: setting({
    kind: 'integer',
    argument: 'PORT',
    schema: port,
    default: 8645,
    meaning: 'Port of the API; 0 takes a free one.',
  }),
  rpcTokens: setting({
    kind: 'list',
    argument: 'NAME:SCOPE:SHA256',
    schema: z.array(tokenSetting).max(100),
    default: [],
    meaning:
      'Tokens beside the cookie file, each with its scope (read, submit, admin) and the SHA-256 of a random text of 32 bytes or more.',
  }),
  rpcAllowedHosts: setting({
    kind: 'list',
    argument: 'NAME',
    schema: z.array(text.regex(/^[0-9a-zA-Z.:[\]-]+$/, 'expected a host name, with a port or without')).max(100),
    default: [],
    meaning: 'Other names under which the API may be called (the Host header), such as that of a proxy.',
  }),
  rpcRate: setting({
    kind: 'integer',
    argument: 'CALLS_PER_SECOND',
    schema: z.int().min(1).max(1_000_000),
    default: 10_000,
    meaning: 'API calls per second that one caller may make in the long run; twice as many at once.',
  }),
  rpcConnections: setting({
    kind: 'integer',
    argument: 'COUNT',
    schema: z.int().min(2).max(10_000),
    default: doorLimits.connectionsMax,
    meaning: 'Connections to the API; calls that wait for a transaction hold at most half of them.',
  }),
  tlsCert: setting({
    kind: 'text',
    argument: 'FILE',
    schema: text,
    default: null,
    meaning: 'Certificate of the API (PEM).',
  }),
  tlsKey: setting({
    kind: 'text',
    argument: 'FILE',
    schema: text,
    default: null,
    meaning: 'Key of the certificate (PEM).',
  }),
  tlsClientCa: setting({
    kind: 'text',
    argument: 'FILE',
    schema: text,
    default: null,
    meaning:
      'Certificates of authorities (PEM): who calls the API must show a certificate that one of them signed, beside a token.',
  }),
  p2pHost: setting({
    kind: 'text',
    argument: 'ADDRESS',
    schema: text,
    default: '0.0.0.0',
    meaning: 'Where the node listens for peers.',
  }),
  p2pPort: setting({
    kind: 'integer',
    argument: 'PORT',
    schema: port,
    default: 9645,
    meaning: 'Port for peers; 0 takes a free one.',
  }),
  bootstrap: setting({
    kind: 'list',
    argument: 'MULTIADDR',
    schema: z.array(text.startsWith('/', 'expected a multiaddr, such as /ip4/192.0.2.1/tcp/9645/p2p/12D3...')).max(100),
    default: [],
    meaning: 'Peers to ask for others; one is enough.',
  }),
  mdns: setting({
    kind: 'switch',
    argument: '',
    schema: z.boolean(),
    default: false,
    meaning: 'Find peers on the local network by multicast.',
  }),
  linkDelay: setting({
    kind: 'integer',
    argument: 'MS',
    schema: z.int().min(0).max(10_000),
    default: 0,
    meaning: 'On test networks: everything that is sent to peers leaves so much later. Handshakes do not.',
  }),
  record: setting({
    kind: 'text',
    argument: 'FILE',
    schema: text,
    default: null,
    meaning: 'On test networks: append every event of the engine to this file, so that the run can be played again.',
  }),
  maxPeers: setting({
    kind: 'integer',
    argument: 'COUNT',
    schema: z.int().min(1).max(1_000),
    default: 64,
    meaning: 'Most connected peers.',
  }),
  mine: setting({ kind: 'switch', argument: '', schema: z.boolean(), default: false, meaning: 'Mine from the start.' }),
  mineThreads: setting({
    kind: 'integer',
    argument: 'COUNT',
    schema: z.int().min(1).max(256),
    default: 1,
    meaning: 'Threads that mine.',
  }),
  mineRate: setting({
    kind: 'integer',
    argument: 'HASHES_PER_SECOND',
    schema: z.int().min(1).max(1_000_000_000_000),
    default: null,
    meaning: 'Throttle of all mining threads together; without it they go as fast as they can.',
  }),
  account: setting({
    kind: 'text',
    argument: 'FILE_OR_NAME',
    schema: text,
    default: null,
    meaning: 'Key file, or its name in the keystore: gets the subsidy and fees of own blocks, and signs plain writes.',
  }),
  passwordFile: setting({
    kind: 'text',
    argument: 'FILE',
    schema: text,
    default: null,
    meaning: 'File with the password of --account, readable by its owner alone.',
  }),
  pruneBelow: setting({
    kind: 'integer',
    argument: 'BLOCKS',
    schema: z.int().min(1).max(1_000_000_000),
    default: null,
    meaning:
      'Keep the bodies of this many blocks under the head and delete older ones, for good; at least the undoBlocksMax of the network. Without it all are kept.',
  }),
  pruneHistory: setting({
    kind: 'switch',
    argument: '',
    schema: z.boolean(),
    default: false,
    meaning: 'With --prune-below: delete also the versions of keys that were overwritten before those blocks.',
  }),
  snapshotSync: setting({
    kind: 'switch',
    argument: '',
    schema: z.boolean(),
    default: false,
    meaning:
      'In a folder without a chain: take the state at a settled block over from peers, checked against its header, instead of executing all blocks. What was below is then not held.',
  }),
  logLevel: setting({
    kind: 'text',
    argument: 'LEVEL',
    schema: z.enum(logLevels),
    default: 'info',
    meaning: 'error, warn, info or debug.',
  }),
  logFormat: setting({
    kind: 'text',
    argument: 'FORMAT',
    schema: z.enum(['json', 'pretty']),
    default: 'json',
    meaning: 'json: one object a line; pretty: for people.',
  }),
};

export type SettingName = keyof typeof settings;

type SettingValue<S> = S extends Setting<infer T> ? z.output<T> : never;
type Optional =
  | 'genesis'
  | 'record'
  | 'tlsCert'
  | 'tlsKey'
  | 'tlsClientCa'
  | 'mineRate'
  | 'pruneBelow'
  | 'account'
  | 'passwordFile';

/** What kvchaind runs with. Null where there is no default and nothing was given. */
export type Config = {
  readonly [N in SettingName]: SettingValue<(typeof settings)[N]> | (N extends Optional ? null : never);
};

export const settingNames: readonly SettingName[] = Object.keys(settings).filter(isSettingName);

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settings, name);
}

/** The row of a setting, its type forgotten. */
export function settingRow(name: SettingName): Setting {
  return settings[name];
}

/** Flag (without dashes) and key of the file: rpcPort is rpc-port. */
export function flagOf(name: SettingName): string {
  return name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
}
