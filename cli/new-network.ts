/** Makes a data folder for a network: a genesis of one's own, or one that is given; and the settings that the daemon starts with. */
import { chmod, rename, writeFile } from 'node:fs/promises';
import { toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import {
  chainIdOf,
  type EngineName,
  type Genesis,
  genesisVersion,
  type Member,
  type Params,
} from '../chain/genesis.ts';
import { validateGenesis } from '../chain/genesis-check.ts';
import { formatGenesis } from '../chain/genesis-file.ts';
import { defaultParams } from '../chain/params.ts';
import { bitsForLeadingZeros } from '../chain/target.ts';
import { diskFailed } from '../daemon/disk-failure.ts';
import { makeFolder } from '../daemon/make-folder.ts';
import { type DataFolder, hasGenesis } from './data-folder.ts';
import { CommandError } from './failure.ts';

/** What a new network is to be like; what is left out takes its default. Difficulties are leading zero bits. */
export interface NetworkWishes {
  readonly name: string;
  readonly engine: EngineName;
  readonly params: Partial<Params>;
  /** For all blocks. */
  readonly fixedDifficulty?: number | undefined;
  /** For the first blocks; it adjusts itself from there. */
  readonly firstDifficulty?: number | undefined;
  /** Who votes, where a committee agrees. */
  readonly members: readonly Member[];
  readonly allocations: readonly { readonly address: Uint8Array; readonly balance: bigint }[];
}

/** A genesis of this moment. Error: BAD_GENESIS with the parameter, its value and what was expected. */
export function newGenesis(wishes: NetworkWishes, timeMs: number): Genesis {
  const zeroBits = wishes.fixedDifficulty ?? wishes.firstDifficulty;
  const params = defaultParams(wishes.engine, {
    ...wishes.params,
    ...(zeroBits === undefined ? {} : { bits: bitsForLeadingZeros(zeroBits) }),
    ...(wishes.fixedDifficulty === undefined ? {} : { retarget: 'fixed' }),
  });
  const genesis: Genesis = {
    version: genesisVersion,
    name: wishes.name,
    engine: wishes.engine,
    time: timeMs,
    schedule: [{ height: 0, params }],
    members: wishes.members,
    minters: [],
    allocations: wishes.allocations,
  };
  const checked = validateGenesis(genesis);
  if (!checked.ok) throw new KvchainError(checked.error.code, checked.error.detail);
  return genesis;
}

/** Makes the folder, mode 0700. Error: USAGE when it belongs to a network already, DISK_FAILED. */
export async function claimFolder(folder: DataFolder): Promise<void> {
  if (hasGenesis(folder)) {
    const advice = 'Give another --data-dir, or start it with `kvchain start`.';
    throw new CommandError('USAGE', `${folder.path} belongs to a network already: it has a genesis.json`, advice);
  }
  try {
    await makeFolder(folder.path, 0o700);
    await chmod(folder.path, 0o700);
  } catch (error) {
    throw diskFailed(error, `writing into ${folder.path}`);
  }
}

/** Writes the settings first and the genesis last: a folder with a genesis is complete. */
export async function writeNetwork(folder: DataFolder, genesis: Genesis, settings: DaemonSettings): Promise<void> {
  try {
    await writeFile(folder.settings, formatSettings(settings), { mode: 0o600 });
    await writeFile(`${folder.genesis}.part`, formatGenesis(genesis), { mode: 0o600, flush: true });
    await rename(`${folder.genesis}.part`, folder.genesis);
  } catch (error) {
    throw diskFailed(error, `writing into ${folder.path}`);
  }
}

export function chainIdText(genesis: Genesis): string {
  return toHex(chainIdOf(genesis));
}

/** What `kvchaind.yaml` may get from here, under the names of kvchaind's flags. */
export interface DaemonSettings {
  readonly bootstrap?: readonly string[] | undefined;
  readonly 'rpc-port'?: number | undefined;
  readonly 'p2p-port'?: number | undefined;
  readonly 'p2p-host'?: string | undefined;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
}

/** YAML; a JSON value is one in YAML too, so that nothing has to be escaped in another way. */
function formatSettings(settings: DaemonSettings): string {
  const lines = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined || (Array.isArray(value) && value.length === 0) ? [] : [`${name}: ${JSON.stringify(value)}`],
  );
  return ['# Settings of kvchaind; `kvchaind --help` lists them, a flag overrides its line here.', ...lines, ''].join(
    '\n',
  );
}
