/** `kvchain start`: runs the daemon of the data folder; with --solo on a network of one node, made when there is none. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isFileThere } from '../../daemon/disk-failure.ts';
import { type Call, examples, onCall, type Shell } from '../command.ts';
import type { Ending } from '../daemon-process.ts';
import { type DataFolder, dataFolderAt, hasGenesis, readGenesis, readRpcFile } from '../data-folder.ts';
import { CommandError } from '../failure.ts';
import { fields } from '../output.ts';
import type { Session } from '../session.ts';
import { shellWord } from '../shell-word.ts';

interface StartOptions {
  readonly solo?: true;
  readonly detach?: true;
}

/** Of a network of one node, hashes a second: a hundredth of what a core can do, since nobody attacks oneself. */
const soloHashRate = 20_000;
/** How much of its log is shown when a detached daemon does not come up. */
const logTailLines = 20;

export function addStart(shell: Shell): void {
  const command = shell.program
    .command('start')
    .summary('run the daemon')
    .description('Runs the daemon of the data folder. Every other flag goes to it: `kvchaind --help` lists them.')
    .usage('[options] [flags of kvchaind]')
    .option('--solo', 'make a network of one node when the folder has none, and mine')
    .option('--detach', 'return when the daemon is ready; it goes on, and logs into kvchaind.log')
    .argument('[flags...]', 'such as --mine, --rpc-port 8645, --p2p-port 9645, --bootstrap ADDRESS')
    .allowUnknownOption();
  examples(
    command,
    ['kvchain start --solo', 'a network of one node in ~/.kvchain, or the one that is there'],
    ['kvchain start --mine', 'the network that `kvchain init` made or joined'],
    ['kvchain start --detach --data-dir DIR --rpc-port 8650', 'in the background, elsewhere'],
  );
  onCall<StartOptions>(shell, command, start);
}

async function start({ args, options, session }: Call<StartOptions>): Promise<void> {
  const { folder, output } = session;
  if (!hasGenesis(folder)) await prepare(folder, options);
  const { passSignals, spawnDaemon, untilReady } = await import('../daemon-process.ts');
  const flags = ['--data-dir', folder.path, ...(options.solo ? soloFlags(folder) : []), ...args];
  const logBytes = isFileThere(folder.log) ? statSync(folder.log).size : 0;
  const daemon = spawnDaemon(flags, options.detach ? folder.log : null);
  const stopPassing = passSignals(daemon.child);
  const url = await untilReady(daemon, folder);
  if (url !== null) {
    const first = await keyAdvice(session);
    output.answer({ url, pid: daemon.child.pid, dataDir: folder.path }, greeting({ url, session, first }, options));
    if (options.detach) {
      stopPassing();
      daemon.child.unref();
      return;
    }
  }
  const ending = await daemon.ended;
  stopPassing();
  // In the foreground the daemon itself has told people why.
  if (url === null && options.detach) throw failedToStart(folder, ending, newLines(folder, logBytes));
  if (url === null && output.isJson) throw failedToStart(folder, ending, 'the reason is on the standard error');
  if (ending.signal !== null) output.note(howItEnded(ending));
  session.exitCode = ending.code;
}

async function prepare(folder: DataFolder, options: StartOptions): Promise<void> {
  if (!options.solo) {
    const advice = 'Make a network of one node with `kvchain start --solo`, or make or join one with `kvchain init`.';
    throw new CommandError('BAD_GENESIS', `${folder.path} belongs to no network yet: it has no genesis.json`, advice);
  }
  const { makeSoloNetwork } = await import('../solo.ts');
  await makeSoloNetwork(folder);
}

/** The flags of a node that mines alone, for the key that was made for it. Those that the user gives come later and win. */
function soloFlags(folder: DataFolder): readonly string[] {
  const isOurs = existsSync(folder.password) && existsSync(join(folder.path, 'keys', 'main.json'));
  return [
    '--mine',
    '--mine-rate',
    String(soloHashRate),
    ...(isOurs ? ['--account', 'main', '--password-file', folder.password] : []),
  ];
}

/** What to type before anything can be signed, and what it costs; nothing when the folder has a key. */
async function keyAdvice({ folder }: Session): Promise<readonly [words: string, note: string] | null> {
  const { keyFolderOf, listKeys } = await import('../../daemon/keystore/keystore.ts');
  // A key that cannot be read is told to who signs with it.
  const keys = await listKeys(keyFolderOf(folder.path)).catch(() => null);
  if (keys === null || keys.length > 0) return null;
  const genesis = await readGenesis(folder);
  const isFree = genesis?.schedule.every(({ params }) => params.feePerByteMin === 0n) ?? false;
  return ['key new', isFree ? '   # the account that signs; it needs no money here' : '   # the account that signs'];
}

interface Greeted {
  readonly url: string;
  readonly session: Session;
  readonly first: Awaited<ReturnType<typeof keyAdvice>>;
}

/** What to type next, so that it works as it stands. */
function greeting({ url, session, first }: Greeted, { detach }: StartOptions): string {
  const isDefault = session.folder.path === dataFolderAt(undefined).path;
  const kvchain = `${programName()}`;
  const where = isDefault ? '' : ` --data-dir ${shellWord(session.folder.path)}`;
  return [
    '',
    fields([
      ['kvchain is up', url],
      ['data folder', session.folder.path],
    ]),
    '',
    'Type in another terminal:',
    ...(first === null ? [] : [`  ${kvchain} ${first[0]}${where}${first[1]}`]),
    `  ${kvchain} put hello world${where}`,
    `  ${kvchain} get hello${where}`,
    `  ${kvchain} status${where}`,
    '',
    `${detach ? `\`${kvchain} stop${where}\`` : 'Ctrl-C'} stops it; started again, it goes on with the same chain.`,
    '',
  ].join('\n');
}

/** How this program was called: by the name that is installed, or by its file in a clone. */
function programName(): string {
  const path = process.argv[1] ?? '';
  if (!path.endsWith('main.js')) return 'kvchain';
  const near = path.startsWith(`${process.cwd()}/`) ? path.slice(process.cwd().length + 1) : path;
  return `node ${shellWord(near)}`;
}

/** What the log says since it had `before` bytes: lines of an earlier daemon would tell of another failure. */
function newLines(folder: DataFolder, before: number): string {
  const added = readFileSync(folder.log).subarray(before).toString('utf8').trimEnd();
  return added.split('\n').slice(-logTailLines).join('\n');
}

function howItEnded({ code, signal }: Ending): string {
  return signal === null ? `the daemon ended with code ${code}` : `the daemon was killed (${signal})`;
}

function failedToStart(folder: DataFolder, ending: Ending, said: string): CommandError {
  const running = readRpcFile(folder);
  const advice = running === null ? `Its log is ${folder.log}.` : `\`kvchain stop\` ends the one at ${running.url}.`;
  return new CommandError(
    'UNREACHABLE',
    `${howItEnded(ending)} before it was ready:\n${said}`,
    advice,
    ending.code ? { exit: ending.code } : {},
  );
}
