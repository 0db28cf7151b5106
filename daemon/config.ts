/**
 * What kvchaind runs with: flags over the configuration file over defaults, each value checked by the one table of settings. What is
 * unknown or wrong is BAD_CONFIG, naming the line or flag and the nearest known one.
 */
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { accept, assert, type Result, reject } from '../chain/errors.ts';
import { type Config, flagOf, type SettingName, settingNames, settingRow } from './config-settings.ts';
import { isThere } from './disk-failure.ts';
import { nearest } from './nearest.ts';
import { onDemand } from './on-demand.ts';

export type { Config };

/** YAML; JSON is YAML too. */
export const configFileName = 'kvchaind.yaml';
const configFileBytesMax = 1_048_576;

/** What the command line asks for. */
export type Invocation =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' }
  /** `init` makes the data folder ready and ends; `run` is the daemon. */
  | { readonly kind: 'run' | 'init'; readonly config: Config }
  | ToolInvocation;

/** A tool that works on the database of a stopped daemon. */
export interface ToolInvocation {
  readonly kind: 'tool';
  readonly tool: keyof typeof tools;
  readonly dataDir: string;
  /** Absolute; empty for a tool that needs none. */
  readonly file: string;
}

/** What may stand in the place of `run`, and whether the name of a file follows. */
const tools = {
  verify: 'no file',
  repair: 'no file',
  backup: 'a file',
  restore: 'a file',
  dump: 'a file',
  rebuild: 'a file',
};

/** Loaded when there is a file: most daemons have flags alone. */
const yaml = onDemand((): typeof import('yaml') => createRequire(import.meta.url)('yaml'));

type Given = Partial<Record<SettingName, unknown>>;

/** Reads arguments (without node and script) and the file in the data folder. Error: BAD_CONFIG. Thrown: DISK_FAILED when nobody may look into the folder. */
export function readConfig(args: readonly string[]): Result<Invocation> {
  const parsed = parseFlags(args);
  if (!parsed.ok) return parsed;
  if (parsed.value.kind === 'help' || parsed.value.kind === 'version') return accept(parsed.value);
  const { kind, flags } = parsed.value;
  const dataDir = resolve(expandHome(String(flags.dataDir ?? settingRow('dataDir').default)));
  const file = readFile(join(dataDir, configFileName));
  if (!file.ok) return file;
  const config = merge({ ...flags, dataDir }, file.value);
  if (!config.ok) return config;
  if (kind === 'tool') return accept({ kind, dataDir, tool: parsed.value.tool, file: parsed.value.file });
  const wrong = contradiction(kind, config.value);
  return wrong === null ? accept({ kind, config: config.value }) : reject('BAD_CONFIG', wrong);
}

/** The text of a configuration file with these settings. */
export function formatConfigFile(given: Partial<Config>): string {
  const rows = settingNames.flatMap(name => {
    const value = given[name];
    return value === undefined || value === null ? [] : [[flagOf(name), value] as const];
  });
  return yaml().stringify(Object.fromEntries(rows));
}

type Flags =
  | Extract<Invocation, { readonly kind: 'help' | 'version' }>
  | { readonly kind: 'run' | 'init'; readonly flags: Given }
  | (Omit<ToolInvocation, 'dataDir'> & { readonly flags: Given });

function parseFlags(args: readonly string[]): Result<Flags> {
  const command = makeCommand();
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return explainFlag(error, args);
    throw error;
  }
  const { help, version, ...given } = command.opts<Given & { help?: boolean; version?: boolean }>();
  if (help === true) return accept({ kind: 'help', text: command.helpInformation() });
  if (version === true) return accept({ kind: 'version' });
  const flags: Given = {};
  for (const name of settingNames) {
    const value = given[name];
    if (value === undefined) continue;
    const read = fromFlag(name, value);
    if (!read.ok) return read;
    flags[name] = read.value;
  }
  return withWord(command.args, flags);
}

/** The word before the flags, `run` where there is none; a tool's file follows it. */
function withWord([word = 'run', ...rest]: readonly string[], flags: Given): Result<Flags> {
  const needsFile = isTool(word) && tools[word] === 'a file';
  const [unexpected] = needsFile ? rest.slice(1) : rest;
  if (unexpected !== undefined) return reject('BAD_CONFIG', `unexpected argument: ${unexpected}`);
  if (word === 'run' || word === 'init') return accept({ kind: word, flags });
  if (!isTool(word)) return reject('BAD_CONFIG', `unexpected argument: ${word}`);
  const [file] = rest;
  if (needsFile && file === undefined) return reject('BAD_CONFIG', `${word} needs the name of a file`);
  return accept({ kind: 'tool', tool: word, file: file === undefined ? '' : resolve(file), flags });
}

function isTool(text: string): text is keyof typeof tools {
  return Object.hasOwn(tools, text);
}

function makeCommand(): Command {
  const command = new Command('kvchaind')
    .description(
      'The daemon of kvchain. `kvchaind init` makes a data folder ready, `kvchaind` (or `kvchaind run`) runs the node. ' +
        '`kvchain db` uses the others, on the database of a stopped node. ' +
        'In a clone kvchaind is `node dist/daemon/main.js`, and kvchain is `node dist/cli/main.js`.',
    )
    .argument('[command]', 'init, run, verify, repair, backup FILE, restore FILE, dump FILE or rebuild FILE')
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .helpOption(false)
    .allowExcessArguments()
    .showSuggestionAfterError(false);
  for (const name of settingNames) {
    const { kind, argument, meaning, default: value } = settingRow(name);
    const shown =
      value === null || (Array.isArray(value) && value.length === 0) || value === false
        ? ''
        : ` (default: ${String(value)})`;
    const again = kind === 'list' ? ' May be given again.' : '';
    const option = new Option(
      `--${flagOf(name)}${kind === 'switch' ? '' : ` <${argument}>`}`,
      `${meaning}${again}${shown}`,
    );
    command.addOption(kind === 'list' ? option.argParser((text, before: string[] = []) => [...before, text]) : option);
  }
  return command.option('--version', 'Tell the version and end.').option('--help', 'Tell all this and end.');
}

function explainFlag(error: CommanderError, args: readonly string[]): Result<never> {
  if (error.code !== 'commander.unknownOption') return reject('BAD_CONFIG', error.message.replace(/^error: /, ''));
  const unknown = /'(--?[^']*)'/.exec(error.message)?.[1] ?? args[0] ?? '';
  const near = nearest(unknown, [...settingNames.map(name => `--${flagOf(name)}`), '--help', '--version']);
  return reject('BAD_CONFIG', `unknown flag: ${unknown}${near === null ? '' : `; did you mean ${near}?`}`);
}

/** A flag's text as a value of the setting's kind. */
function fromFlag(name: SettingName, text: unknown): Result<unknown> {
  const { kind } = settingRow(name);
  if (kind !== 'integer' || typeof text !== 'string') return accept(text);
  return /^\d{1,15}$/.test(text)
    ? accept(Number(text))
    : reject('BAD_CONFIG', `--${flagOf(name)}: expected a whole number, not ${JSON.stringify(text)}`);
}

function readFile(path: string): Result<Given> {
  if (!isThere(path)) return accept({});
  const info = statSync(path);
  if (!info.isFile()) return reject('BAD_CONFIG', `${path}: not a regular file`);
  if (info.size > configFileBytesMax) {
    return reject('BAD_CONFIG', `${path}: ${info.size} bytes, at most ${configFileBytesMax}`);
  }
  const content = parseYaml(readFileSync(path, 'utf8'));
  if (!content.ok) return reject('BAD_CONFIG', `${path}: ${content.error.detail}`);
  const namesByKey = new Map(settingNames.map(name => [flagOf(name), name]));
  const given: Given = {};
  for (const [key, value] of Object.entries(content.value)) {
    const name = namesByKey.get(key);
    if (name === undefined) {
      const near = nearest(key, [...namesByKey.keys()]);
      return reject('BAD_CONFIG', `${path}: unknown key: ${key}${near === null ? '' : `; did you mean ${near}?`}`);
    }
    if (settingRow(name).onlyFor !== undefined) return reject('BAD_CONFIG', `${path}: ${key} is a flag only`);
    const checked = check(name, value, `${path}: ${key}`);
    if (!checked.ok) return checked;
    given[name] = value;
  }
  return accept(given);
}

/** A flat list of keys and values. Aliases and deep nesting, which have no use here, are refused with what the parser says. */
function parseYaml(text: string): Result<object> {
  try {
    const document = yaml().parseDocument(text, { prettyErrors: true });
    const [error] = document.errors;
    if (error !== undefined) return reject('BAD_CONFIG', error.message);
    const content: unknown = document.toJS({ maxAliasCount: 0 }) ?? {};
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return accept(content);
    return reject('BAD_CONFIG', 'expected lines of the form key: value');
  } catch (error) {
    const isDeep = error instanceof RangeError;
    return reject('BAD_CONFIG', isDeep ? 'nested too deep' : error instanceof Error ? error.message : 'not YAML');
  }
}

/** Flags over the file over defaults, checked. */
function merge(flags: Given, file: Given): Result<Config> {
  const config: Given = {};
  for (const name of settingNames) {
    const given = flags[name] ?? file[name];
    if (given === undefined) {
      config[name] = settingRow(name).default;
      continue;
    }
    const checked = check(name, given, `--${flagOf(name)}`);
    if (!checked.ok) return checked;
    config[name] = checked.value;
  }
  assert(isWhole(config), 'every setting has its checked value or its default');
  return accept(config);
}

/** Each value was checked by its row, or is its row's default. */
function isWhole(config: Given): config is Config {
  return settingNames.every(name => config[name] !== undefined);
}

function check(name: SettingName, value: unknown, where: string): Result<unknown> {
  const parsed = settingRow(name).schema.safeParse(value);
  if (parsed.success) return accept(parsed.data);
  return reject('BAD_CONFIG', `${where}: ${parsed.error.issues[0]?.message ?? 'wrong value'}`);
}

/** What the settings together get wrong, or null. */
function contradiction(kind: 'run' | 'init', config: Config): string | null {
  if (kind === 'run' && config.genesis !== null)
    return '--genesis belongs to `kvchaind init`: a data folder has its genesis already';
  if ((config.tlsCert === null) !== (config.tlsKey === null)) return '--tls-cert and --tls-key belong together';
  if (config.tlsClientCa !== null && config.tlsCert === null) return '--tls-client-ca without --tls-cert';
  if (config.passwordFile !== null && config.account === null) return '--password-file without --account';
  if (config.pruneHistory && config.pruneBelow === null) return '--prune-history without --prune-below';
  const names = config.rpcTokens.map(token => token.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? null : `rpc-tokens: two tokens of the name ${twice}`;
}

function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}
