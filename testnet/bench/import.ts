/** Importing: headers, bodies, rules, signatures, execution, roots and one synced batch a step, on one node over LevelDB. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { sha256 } from '../../chain/hash.ts';
import { verify } from '../../chain/keys.ts';
import type { Transaction } from '../../chain/transaction.ts';
import { signatureCheck } from '../../chain/validate.ts';

import { benchGenesis, ChainMaker } from './chain-maker.ts';
import { type Effort, type Figure, figure, median } from './figure.ts';
import { inFolder } from './folder.ts';
import { ImportingNode } from './importing-node.ts';
import { LoadSigner } from './load-signer.ts';

const putsPerBlock = 1_000;
const accounts = 100;

/** What fills a block to its limit: 8,000 transactions of about 220 bytes, or 20,000 operations in few transactions. */
const fullBlocks = [
  { name: '8,000 transactions', make: (signer: LoadSigner) => signer.puts(8_000) },
  {
    name: '20,000 operations',
    make: (signer: LoadSigner, block: number) =>
      Array.from({ length: 20 }, (_, index) => signer.put(index, { first: 1_000 * block, count: 1_000 })),
  },
] as const;

export async function benchImport(effort: Effort): Promise<readonly Figure[]> {
  return inFolder(async folder => {
    const throughput = await importPuts(folder, effort === 'full' ? 40 : 6);
    const delays: Figure[] = [];
    for (const [index, full] of fullBlocks.entries()) {
      delays.push(await loopDelay(`${folder}/full-${index}`, { ...full, blocks: effort === 'full' ? 12 : 3 }));
    }
    return [throughput, ...delays];
  });
}

async function importPuts(folder: string, blocks: number): Promise<Figure> {
  const genesis = benchGenesis('import');
  const maker = await ChainMaker.create(genesis, `${folder}/maker`);
  const signer = new LoadSigner(genesis, accounts);
  const all: Transaction[] = [];
  for (let block = 0; block < blocks; block++) {
    const transactions = signer.puts(putsPerBlock);
    all.push(...transactions);
    await maker.grow(transactions);
  }
  const rates: { imported: number; bare: number }[] = [];
  for (let round = 0; round < 3; round++) {
    const importing = await ImportingNode.open(`${folder}/node-${round}`, maker);
    const imported = (all.length * 1_000) / (await importing.catchUp(blocks));
    await importing.close();
    rates.push({ imported, bare: verifyRate(all.slice(0, 5 * putsPerBlock)) });
  }
  return figure({
    name: `import of blocks of ${putsPerBlock} puts, on disk`,
    value: median(rates.map(({ imported }) => imported)),
    unit: 'transactions/s',
    reference: {
      name: 'their signatures alone, natively on one thread',
      value: median(rates.map(({ bare }) => bare)),
    },
    rule: 'value at least',
    goal: 8_000,
  });
}

interface FullBlocks {
  readonly name: string;
  readonly blocks: number;
  readonly make: (signer: LoadSigner, block: number) => Transaction[];
}

/** How late timers are while full blocks are imported, against the same process at rest. */
async function loopDelay(folder: string, { name, blocks, make }: FullBlocks): Promise<Figure> {
  const genesis = benchGenesis('event loop');
  const maker = await ChainMaker.create(genesis, `${folder}-maker`);
  const signer = new LoadSigner(genesis, accounts);
  for (let block = 0; block < blocks; block++) await maker.grow(make(signer, block));
  const importing = await ImportingNode.open(folder, maker);
  const idle = await delayP99(() => new Promise(resolve => setTimeout(resolve, 1_000)));
  const busy = await delayP99(() => importing.catchUp(blocks));
  await importing.close();
  return figure({
    name: `event loop under full blocks of ${name}, p99`,
    value: busy,
    unit: 'ms late',
    reference: { name: 'the same process at rest', value: idle },
    rule: 'value at most',
    goal: 50,
  });
}

async function delayP99(work: () => Promise<unknown>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await work();
  histogram.disable();
  return histogram.percentile(99) / 1e6;
}

function verifyRate(transactions: readonly Transaction[]): number {
  const start = performance.now();
  for (const transaction of transactions) {
    const { message, signature, publicKey } = signatureCheck(transaction);
    if (!verify(sha256(message), signature, publicKey)) throw new Error('a good signature does not verify');
  }
  return (transactions.length * 1_000) / (performance.now() - start);
}
