/** `kvchain start`: runs the daemon of the data folder; with --solo on a network of one node, made when there is none. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Call, examples, onCall, type Shell } from '../command.ts';
import { type DataFolder, dataFolderAt, hasGenesis, readRpcFile } from '../data-folder.ts';
import { CommandError } from '../failure.ts';
import { fields } from '../output.ts';
import type { Session } from '../session.ts';

interface StartOptions {
  readonly solo?: true;
  readonly detach?: true;
}

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
  const daemon = spawnDaemon(flags, options.detach ? folder.log : null);
  const stopPassing = passSignals(daemon.child);
  const url = await untilReady(daemon, folder);
  if (url !== null) {
    output.answer({ url, pid: daemon.child.pid, dataDir: folder.path }, greeting(url, session));
    if (options.detach) {
      stopPassing();
      daemon.child.unref();
      return;
    }
  }
  const { code } = await daemon.ended;
  stopPassing();
  if (options.detach && url === null) throw failedToStart(folder, code);
  session.exitCode = code;
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
  return ['--mine', ...(isOurs ? ['--account', 'main', '--password-file', folder.password] : [])];
}

/** What to type next, so that it works as it stands. */
function greeting(url: string, session: Session): string {
  const isDefault = session.folder.path === dataFolderAt(undefined).path;
  const kvchain = `${programName()}`;
  const where = isDefault ? '' : ` --data-dir ${quoted(session.folder.path)}`;
  return [
    '',
    fields([
      ['kvchain is up', url],
      ['data folder', session.folder.path],
    ]),
    '',
    'Type in another terminal:',
    `  ${kvchain} put hello world${where}`,
    `  ${kvchain} get hello${where}`,
    `  ${kvchain} status${where}`,
    '',
    'Ctrl-C stops it; started again, it goes on with the same chain.',
    '',
  ].join('\n');
}

/** How this program was called: by the name that is installed, or by its file in a clone. */
function programName(): string {
  const path = process.argv[1] ?? '';
  if (!path.endsWith('main.js')) return 'kvchain';
  const near = path.startsWith(`${process.cwd()}/`) ? path.slice(process.cwd().length + 1) : path;
  return `node ${quoted(near)}`;
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function failedToStart(folder: DataFolder, code: number): CommandError {
  const lines = readFileSync(folder.log, 'utf8').trimEnd().split('\n').slice(-logTailLines);
  const said = lines.join('\n');
  const running = readRpcFile(folder);
  const advice = running === null ? `Its log is ${folder.log}.` : `\`kvchain stop\` ends the one at ${running.url}.`;
  return new CommandError('UNREACHABLE', `the daemon ended with code ${code} before it was ready:\n${said}`, advice);
}
