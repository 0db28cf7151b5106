/** README.md of an experiment's folder: what was expected, what came out, what it means. */
import type { Experiment, Row } from './experiment.ts';
import type { Manifest } from './manifest.ts';

/** The page; every figure on it comes from the rows. */
export function experimentPage(
  experiment: Experiment,
  { rows, manifest }: { readonly rows: readonly Row[]; readonly manifest: Manifest },
): string {
  const { name, title, expected, columns, series, conclusion } = experiment;
  const drawings = experiment.draw(rows);
  return [
    `<!-- Written by \`kvchain-testnet experiment ${name}\` from data.csv beside it. -->`,
    // Each further engine has a page of its own.
    manifest.engine === experiment.engines[0] ? `# ${title}` : `# ${title}: ${manifest.engine}`,
    '',
    ...originOf(manifest),
    ...missingOf(experiment, rows, manifest),
    '',
    '## What is expected, and why',
    '',
    expected,
    ...otherwiseOn(experiment, manifest),
    '',
    '## What came out',
    '',
    experiment.findings(rows),
    ...drawings.flatMap(drawing => ['', `![${drawing.caption}](${drawing.name}.svg)`, '', `*${drawing.caption}*`]),
    '',
    ...tableOf(Object.keys(columns), rows),
    '',
    ...Object.entries(columns).map(([column, meaning]) => `- \`${column}\`: ${meaning}`),
    ...Object.entries(series ?? {}).map(([column, meaning]) => `- \`${column}\`, in data.csv alone: ${meaning}`),
    '',
    '## What it means',
    '',
    conclusion,
    '',
  ].join('\n');
}

function otherwiseOn({ expectedOn }: Experiment, { engine }: Manifest): readonly string[] {
  const text = expectedOn?.[engine];
  return text === undefined ? [] : ['', text];
}

function originOf({ size, seed, parts }: Manifest): readonly string[] {
  const cpuSeconds = parts.reduce((sum, part) => sum + part.cpuSeconds, 0);
  const quick = size === 'quick' ? ['', '**A quick run: these figures are not to be quoted.**'] : [];
  const first = parts[0];
  if (first === undefined) return quick;
  const { command, date, processor, cores, memoryGb, system, versions } = first;
  return [
    `\`${command}\` on ${date.slice(0, 10)}, seed ${seed}, commit ${[...new Set(parts.map(({ commit }) => commit))].join(' and ')}, ${Math.round(cpuSeconds)} s of CPU.`,
    `${processor}, ${cores} cores, ${memoryGb} GB, ${system}, Node.js ${versions.node ?? 'unknown'}.`,
    ...quick,
  ];
}

function tableOf(columns: readonly string[], rows: readonly Row[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map(row => line(columns.map(column => shown(row[column] ?? '')))),
  ];
}

/** What is said while not all cells are there. */
function missingOf(experiment: Experiment, rows: readonly Row[], { size, engine }: Manifest): readonly string[] {
  const all = experiment.cells(size, engine).length;
  if (rows.length === all) return [];
  return ['', `**${rows.length} of ${all} cells: the command goes on where it was.**`];
}

/** Four digits of a number that is no integer; what rounding leaves of a zero is one. */
function shown(value: number | string): string {
  if (typeof value === 'string') return value.replaceAll('|', '\\|');
  return Number.isInteger(value) ? String(value) : String(Number(Number(value.toPrecision(4)).toFixed(12)));
}
