/** docs/operate/threats.md: each row of the table of threats with the tests that prove it. */
import { type Threat, type ThreatChapter, threatChapters } from './threats.ts';
import { type ThreatTest, threatTests } from './threats-tests.ts';

/** The page. Throws an Error that names the row when one is neither tested, nor owed, nor left to a later part. */
export function threatsPage(root: string, notice: string): string {
  const tests = threatTests(root);
  return [
    notice,
    '# Threats',
    '',
    'What a node must survive, and the tests that show that it does. Everywhere the same is demanded: what is bad is refused with a code of the',
    '[table of errors](../reference/errors.md), who sent it pays for it, the others notice nothing, and the state root does not move.',
    '`npm run check:threats` runs these tests alone and fails on a row without one that passed; `npm test` checks the same.',
    '',
    'Nothing on the wire is compressed, neither gossip nor answers nor the API, so nothing that comes in can grow by being unpacked.',
    '',
    ...threatChapters.flatMap(chapter => chapterOf(chapter, tests)),
  ].join('\n');
}

function chapterOf({ title, rows }: ThreatChapter, tests: readonly ThreatTest[]): readonly string[] {
  return [
    `## ${title}`,
    '',
    '| | attack or fault | shown by |',
    '|---|---|---|',
    ...Object.entries(rows).map(([id, threat]) => {
      const proofs = tests.filter(({ ids }) => ids.includes(id));
      return `| ${id} | ${cell(threat.attack)} | ${proofs.length > 0 ? listed(proofs) : unbuilt(id, threat)} |`;
    }),
    '',
  ];
}

/** By file, each named once. */
function listed(proofs: readonly ThreatTest[]): string {
  const files = [...new Set(proofs.map(({ file }) => file))];
  return files
    .map(file => {
      const titles = proofs.filter(proof => proof.file === file).map(({ title }) => cell(title));
      return `\`${file}\`: ${titles.join('; ')}`;
    })
    .join('<br>');
}

function unbuilt(id: string, { state }: Threat): string {
  if (state === undefined) throw new Error(`the threat ${id} has no test whose title begins with "${id}: "`);
  return state === 'owed' ? 'owed' : `not built yet: comes with ${state.builtBy}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
