/** The pages of planted bugs: which seed sees a node without a rule, and by what. */
import type { EngineName } from '../../chain/genesis.ts';
import { type MutantResult, mutantsOf } from './mutants.ts';

export interface Hunt {
  readonly engine: EngineName;
  readonly nodes: number | null;
  readonly last: bigint;
}

export function mutantsPage(results: readonly MutantResult[], { engine, nodes, last }: Hunt): string {
  const mutants = mutantsOf(engine);
  const chosen = engine === 'pow' ? '' : `--engine ${engine} `;
  const options = `${chosen}${nodes === null ? '' : `--nodes ${nodes} `}--seeds 1..${last}`;
  const caught = results.filter(result => result.caught).length;
  const rows = results.map(({ rule, seed, check }) => {
    const found = seed === null ? `none of ${last}` : String(seed);
    return `| ${rule} | ${mutants[rule]?.what ?? ''} | ${mutants[rule]?.faults.join(', ') || 'none'} | ${found} | ${(check ?? '').replaceAll('|', '\\|').slice(0, 160)} |`;
  });
  return `# Planted bugs${engine === 'pow' ? '' : `: ${engine}`}

Each rule below was taken out of all nodes of a simulation (\`node --conditions=mutant\`, see \`chain/rules.ts\`), and seeds from 1 to
${last} were run until one failed: ${caught} of ${results.length} are seen.
Tried so far: ${results.length} of the ${Object.keys(mutants).length} rules in \`testnet/mutants/${engine}-mutants.ts\`. A bug that nobody sees would be a check that is missing.

\`\`\`sh
node dist/testnet/sim/main.js --mutants all ${options} --write
\`\`\`

| rule | a node without it | faults | first seed | what the check says |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

/** Where the page of an engine stands, from the root. */
export function mutantsPageOf(engine: EngineName): string {
  return `docs/experiments/mutants${engine === 'pow' ? '' : `-${engine}`}.md`;
}
