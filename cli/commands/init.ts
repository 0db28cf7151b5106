/** `kvchain init`: makes a network, or joins one whose genesis is given. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { EngineName, Genesis, KeyOwnership, Member, Params } from '../../chain/genesis.ts';
import { amountArgument, type Call, examples, onCall, repeated, type Shell, wholeArgument } from '../command.ts';
import { CommandError } from '../failure.ts';
import { fields } from '../output.ts';

interface InitOptions {
  readonly genesis?: string;
  readonly bootstrap?: readonly string[];
  readonly rpcPort?: number;
  readonly p2pPort?: number;
  readonly name?: string;
  readonly engine?: string;
  readonly member?: readonly string[];
  readonly checkpointSpacing?: number;
  readonly checkpointDepth?: number;
  readonly difficulty?: number;
  readonly firstDifficulty?: number;
  readonly targetMs?: number;
  readonly keyOwnership?: KeyOwnership;
  readonly testNetwork?: true;
  readonly subsidy?: bigint;
  readonly halvingBlocks?: number;
  readonly supplyMax?: bigint;
  readonly feePerByteMin?: bigint;
  readonly fund?: readonly string[];
  readonly tls?: true;
  readonly tlsHost?: readonly string[];
}

/** The options that a given genesis has decided already. */
const ownNetworkOptions = [
  'name',
  'engine',
  'member',
  'checkpointSpacing',
  'checkpointDepth',
  'difficulty',
  'firstDifficulty',
  'targetMs',
  'keyOwnership',
  'testNetwork',
  'subsidy',
  'halvingBlocks',
  'supplyMax',
  'feePerByteMin',
  'fund',
] as const satisfies readonly (keyof InitOptions)[];

export function addInit(shell: Shell): void {
  const command = shell.program
    .command('init')
    .summary('make a network, or join one')
    .description('Makes the data folder of a new network, or of one that is joined with its genesis file.')
    .option('--genesis <file|url>', 'join the network of this genesis')
    .option('--bootstrap <address>', 'multiaddr of a node that is up, several times for several', bootstrapArgument)
    .option('--rpc-port <port>', 'where the daemon is to answer', wholeArgument(0, 65_535))
    .option('--p2p-port <port>', 'where the daemon is to meet its peers', wholeArgument(0, 65_535))
    .option('--name <name>', 'of the new network (default: kvchain)')
    .option('--engine <engine>', 'how it agrees: pow, pow-paxos or paxos (default: pow)')
    .option('--member <name=publickey>', 'who votes, where members agree, several times for several', repeated)
    .option('--difficulty <bits>', 'fixed: leading zero bits, 2^bits trials a block', wholeArgument(0, 255))
    .option(
      '--first-difficulty <bits>',
      'of the first blocks; adjusted from there on (default: 20)',
      wholeArgument(0, 255),
    )
    .option('--target-ms <ms>', 'block interval, 250 to 600,000 (default: 10,000)', wholeArgument(250, 600_000))
    .addOption(
      new Option('--key-ownership <rule>', 'who may write a key (default: first-writer)').choices([
        'first-writer',
        'open',
      ]),
    )
    .option('--test-network', 'allow the commands that make faults')
    .option('--subsidy <amount>', 'new money for the producer of a block', amountArgument)
    .option(
      '--halving-blocks <n>',
      'the subsidy halves after so many blocks; 0: never',
      wholeArgument(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--supply-max <amount>', 'most money there may be', amountArgument)
    .option('--fee-per-byte-min <amount>', 'lowest fee a byte (default: 0; 1 for open networks)', amountArgument)
    .option('--fund <address=amount>', 'money from the start, several times for several', repeated)
    .option('--tls', 'make certificates, with which the daemon then answers over https')
    .option(
      '--tls-host <name>',
      'another name or IP address of this machine in them, several times for several',
      repeated,
    );
  addCheckpointOptions(command);
  examples(
    command,
    ['kvchain init --name ours', 'a new network in ~/.kvchain'],
    ['kvchain init --difficulty 16 --target-ms 1000', '65,536 trials a block, always'],
    [
      'kvchain init --engine pow-paxos --member anna=02...',
      'work, and a committee that makes blocks final; it is trusted to crash only',
    ],
    ['kvchain init --genesis genesis.json --bootstrap /ip4/192.0.2.7/tcp/9645', 'join one; then: kvchain start --mine'],
  );
  onCall<InitOptions>(shell, command, init);
}

/** How often a committee makes a block of proof of work final, and how deep it lies then. */
function addCheckpointOptions(command: Command): void {
  command
    .option(
      '--checkpoint-spacing <n>',
      'pow-paxos: blocks from one final block to the next (default: 10)',
      wholeArgument(1, 1_000),
    )
    .option(
      '--checkpoint-depth <n>',
      'pow-paxos: blocks above one that becomes final (default: 3)',
      wholeArgument(0, 1_000),
    );
}

async function init({ options, session }: Call<InitOptions>): Promise<void> {
  const [{ chainIdText, claimFolder, writeNetwork }, { minesBlocks }] = await Promise.all([
    import('../new-network.ts'),
    import('../../chain/params.ts'),
  ]);
  const { folder, output } = session;
  const genesis =
    options.genesis === undefined ? await ownGenesis(options) : await givenGenesis(options, session.streams);
  const hosts = tlsHosts(options);
  await claimFolder(folder);
  const { bootstrap, rpcPort, p2pPort } = options;
  const tls = hosts === null ? {} : await newCertificates(session, genesis.name, hosts);
  await writeNetwork(folder, genesis, { bootstrap, 'rpc-port': rpcPort, 'p2p-port': p2pPort, ...tls });
  const chainId = chainIdText(genesis);
  const mines = minesBlocks(genesis.engine);
  // Who votes proves to be a member by its key; without one a node follows.
  const asMember = genesis.members.length === 0 ? '' : ' --account NAME --password-file FILE';
  output.answer(
    { chainId, name: genesis.name, engine: genesis.engine, genesis: folder.genesis },
    fields([
      ['network', genesis.name],
      ['chainId', chainId],
      ['genesis', folder.genesis],
      [
        'next',
        `${session.here(`kvchain start${mines ? ' --mine' : ''}${asMember}`)}; others join with this genesis file`,
      ],
    ]),
  );
}

/** The names that certificates are to have beside the machine's own, or null when none are asked for. Error: USAGE. */
function tlsHosts({ tls, tlsHost = [] }: InitOptions): readonly string[] | null {
  const wrong = tlsHost.find(host => !/^[0-9A-Za-z.:-]{1,253}$/.test(host));
  if (wrong !== undefined) {
    throw new CommandError(
      'USAGE',
      `--tls-host ${wrong}: neither a host name nor an IP address`,
      'Give it without a port.',
    );
  }
  if (tls !== true && tlsHost.length > 0)
    throw new CommandError('USAGE', '--tls-host without --tls', 'Give --tls too.');
  return tls === true ? tlsHost : null;
}

async function newCertificates({ folder }: Call<InitOptions>['session'], name: string, hosts: readonly string[]) {
  const { writeCertificates } = await import('../network-certificates.ts');
  return writeCertificates(folder, { name, hosts, nowMs: Date.now() });
}

async function givenGenesis(options: InitOptions, streams: Shell['streams']): Promise<Genesis> {
  const decided = ownNetworkOptions.find(name => options[name] !== undefined);
  if (decided !== undefined) {
    const flag = `--${decided.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
    throw new CommandError('USAGE', `${flag} beside --genesis: the genesis decides it`, `Leave ${flag} out.`);
  }
  const { fetchGenesis } = await import('../genesis-source.ts');
  return fetchGenesis(streams, options.genesis ?? '');
}

async function ownGenesis(options: InitOptions): Promise<Genesis> {
  if (options.difficulty !== undefined && options.firstDifficulty !== undefined) {
    throw new CommandError('USAGE', '--difficulty and --first-difficulty exclude each other', 'Give one of them.');
  }
  const { newGenesis } = await import('../new-network.ts');
  const params = paramsOf(options);
  const prefix = params.addressPrefix ?? (params.testNetwork === 1 ? 'kvt' : 'kv');
  const wishes = {
    name: options.name ?? 'kvchain',
    engine: await engineOf(options.engine ?? 'pow'),
    params: { ...params, ...(await finalityOf(options)) },
    members: await membersOf(options.member ?? []),
    fixedDifficulty: options.difficulty,
    firstDifficulty: options.firstDifficulty,
    allocations: await allocationsOf(options.fund ?? [], prefix),
  };
  return newGenesis(wishes, Date.now());
}

/** Only the registry knows which engines this program has. Error: USAGE for another one. */
async function engineOf(name: string): Promise<EngineName> {
  const { createEngine } = await import('../../consensus/registry.ts');
  const engine = createEngine(name);
  if (!engine.ok)
    throw new CommandError('USAGE', `--engine: ${engine.error.detail}`, 'Give one of those that there are.');
  return engine.value.name;
}

/** Error: USAGE where no committee makes blocks of proof of work final. */
async function finalityOf({
  engine,
  checkpointSpacing,
  checkpointDepth,
}: InitOptions): Promise<Pick<Params, 'engineParams'> | undefined> {
  if (checkpointSpacing === undefined && checkpointDepth === undefined) return undefined;
  if (engine !== 'pow-paxos') {
    const advice = 'Give --engine pow-paxos, or leave them out.';
    throw new CommandError('USAGE', '--checkpoint-spacing and --checkpoint-depth are for pow-paxos alone', advice);
  }
  const { defaultFinality, encodeFinality } = await import('../../chain/finality-params.ts');
  const spacing = checkpointSpacing ?? defaultFinality.spacing;
  return { engineParams: encodeFinality({ spacing, depth: checkpointDepth ?? defaultFinality.depth }) };
}

function paramsOf(options: InitOptions): Partial<Params> {
  const { targetMs, keyOwnership, subsidy, halvingBlocks, supplyMax, feePerByteMin } = options;
  const given = { targetMs, keyOwnership, subsidy, halvingBlocks, supplyMax, feePerByteMin };
  const testNetwork = options.testNetwork ? 1 : undefined;
  return Object.fromEntries(Object.entries({ ...given, testNetwork }).filter(([, value]) => value !== undefined));
}

/** Error: USAGE for what is no key in form; whether it is one, and whose, the genesis check looks at. */
async function membersOf(texts: readonly string[]): Promise<readonly Member[]> {
  const [{ fromHex }, { publicKeyLength }] = await Promise.all([
    import('../../chain/bytes.ts'),
    import('../../chain/keys.ts'),
  ]);
  return texts.map(text => {
    const split = text.lastIndexOf('=');
    const publicKey = fromHex(text.slice(split + 1), publicKeyLength);
    if (split > 0 && publicKey !== null) return { name: text.slice(0, split), publicKey };
    const advice = 'Write --member NAME=PUBLICKEY, with the 66 digits that `kvchain key show` prints.';
    throw new CommandError('USAGE', `--member ${text}: not a name and a public key`, advice);
  });
}

async function allocationsOf(
  texts: readonly string[],
  prefix: string,
): Promise<{ readonly address: Uint8Array; readonly balance: bigint }[]> {
  const { parseAddress } = await import('../../chain/keys.ts');
  return texts.map(text => {
    const [address = '', amount = ''] = text.split('=');
    const parsed = parseAddress(address, prefix);
    if (!parsed.ok)
      throw new CommandError('USAGE', `--fund ${text}: ${parsed.error.detail}`, 'Write --fund ADDRESS=AMOUNT.');
    return { address: parsed.value, balance: amountArgument(amount) };
  });
}

function bootstrapArgument(text: string, before: readonly string[] | undefined): readonly string[] {
  if (/^\/(?:ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/[0-9]{1,5}(?:\/p2p\/[0-9A-Za-z]+)?$/.test(text))
    return repeated(text, before);
  throw new InvalidArgumentError('Expected a multiaddr such as /ip4/192.0.2.7/tcp/9645.');
}
