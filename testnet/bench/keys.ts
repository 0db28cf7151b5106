/** What the number of keys costs: a put and a get at 10^4, 10^5 and 10^6 of them, then a daemon that opens the million. */
import type { Transaction } from '../../chain/transaction.ts';

import { benchGenesis, ChainMaker } from './chain-maker.ts';
import { processMicroseconds } from './cpu.ts';
import { type Effort, type Figure, figure } from './figure.ts';
import { inFolder } from './folder.ts';
import { ImportingNode } from './importing-node.ts';
import { LoadSigner } from './load-signer.ts';
import { startedDaemon } from './started-daemon.ts';

const accounts = 20;
const keysPerTransaction = 1_000;
const transactionsPerBlock = 20;
/** Changed keys in blocks of 1,000 transactions, for the cost of a put. */
const putsPerBlock = 1_000;
const putBlocks = 5;
const gets = 5_000;

interface Growing {
  readonly maker: ChainMaker;
  readonly importing: ImportingNode;
  readonly signer: LoadSigner;
  keys: number;
}

interface Cost {
  readonly keys: number;
  readonly put: number;
  readonly get: number;
}

export async function benchKeys(effort: Effort): Promise<readonly Figure[]> {
  const sizes = effort === 'full' ? [10_000, 100_000, 1_000_000] : [10_000, 40_000];
  return inFolder(async folder => {
    const genesis = benchGenesis('keys');
    const maker = await ChainMaker.create(genesis, `${folder}/maker`);
    const importing = await ImportingNode.open(`${folder}/node`, maker);
    const growing: Growing = { maker, importing, signer: new LoadSigner(genesis, accounts), keys: 0 };
    const costs: Cost[] = [];
    for (const keys of sizes) {
      await growTo(growing, keys);
      costs.push({ keys, put: await putCost(growing), get: await getCost(growing) });
    }
    await importing.close();
    await maker.close();
    return [...costFigures(costs), ...(await openFigures(folder, growing))];
  });
}

/** Writes new keys, 20,000 in a block, until there are so many. */
async function growTo(growing: Growing, keys: number): Promise<void> {
  const { maker, importing, signer } = growing;
  while (growing.keys < keys) {
    const block: Transaction[] = [];
    for (; block.length < transactionsPerBlock && growing.keys < keys; growing.keys += keysPerTransaction) {
      const { account, first } = placeOf(growing.keys);
      block.push(signer.put(account, { first, count: keysPerTransaction }));
    }
    await maker.grow(block);
  }
  await importing.catchUp(maker.height);
}

/** Whose key the n-th is, in the order in which they were written, and its number there. */
function placeOf(index: number) {
  return { account: Math.floor(index / keysPerTransaction) % accounts, first: index };
}

/** Keys that lie everywhere: the stride has no factor in common with the powers of ten. */
function spread(index: number, keys: number): number {
  return (index * 7_919) % keys;
}

/** Microseconds of the processor for a put in blocks of 1,000, all threads: signature, execution, tree and disk. */
async function putCost({ maker, importing, signer, keys }: Growing): Promise<number> {
  for (let block = 0; block < putBlocks; block++) {
    const puts = Array.from({ length: putsPerBlock }, (_, index) => {
      const { account, first } = placeOf(spread(block * putsPerBlock + index, keys));
      return signer.put(account, { first, count: 1 });
    });
    await maker.grow(puts);
  }
  const before = processMicroseconds();
  await importing.catchUp(maker.height);
  return (processMicroseconds() - before) / (putBlocks * putsPerBlock);
}

/** Microseconds of the processor for a get at the node, without HTTP. */
async function getCost({ importing, signer, keys }: Growing): Promise<number> {
  const before = processMicroseconds();
  for (let index = 0; index < gets; index++) {
    const read = { at: null, read: { kind: 'local' } } as const;
    const { account, first } = placeOf(spread(index, keys));
    const found = await importing.node.reader.readKey(signer.keyName(account, first), read);
    if (!found.ok) throw new Error(`a written key is not found: ${found.error.detail}`);
  }
  return (processMicroseconds() - before) / gets;
}

function costFigures(costs: readonly Cost[]): readonly Figure[] {
  const [first] = costs;
  if (first === undefined) return [];
  const name = (what: string, keys: number) => `a ${what} at ${keys.toLocaleString('en')} keys`;
  return (['put', 'get'] as const).flatMap(what =>
    costs.map(cost =>
      figure({
        name: name(what, cost.keys),
        value: cost[what],
        unit: 'us of CPU',
        reference: { name: name(what, first.keys), value: first[what] },
        rule: 'ratio at most',
        goal: 1.5,
      }),
    ),
  );
}

/** A daemon that starts on these keys beside one that starts on none. */
async function openFigures(folder: string, { maker, keys }: Growing): Promise<readonly Figure[]> {
  const empty = await startedDaemon({ dataDir: `${folder}/empty`, genesis: maker.genesis });
  await empty.daemon.stop();
  const full = await startedDaemon({ dataDir: `${folder}/node`, genesis: maker.genesis });
  await full.daemon.stop();
  const amount = keys.toLocaleString('en');
  return [
    figure({
      name: `a daemon starts with ${amount} keys`,
      value: full.startMs / 1_000,
      unit: 's',
      reference: { name: 'with none', value: empty.startMs / 1_000 },
      rule: 'value at most',
      goal: 3,
    }),
    figure({
      name: `a daemon's memory with ${amount} keys`,
      value: full.memoryMb,
      unit: 'MB',
      reference: { name: 'with none', value: empty.memoryMb },
      rule: 'value at most',
      goal: 400,
    }),
  ];
}
