/** Bugs that implementations of Paxos are known for (PROTOCOLS 3.8), planted one by one: a walk must see each of them. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { walk } from './walk.suite.ts';

interface Mutant {
  readonly what: string;
  readonly members: number;
  /** The first walk that sees it. */
  readonly seed: number;
}

const mutants: Readonly<Record<string, Mutant>> = {
  'B-A2': { what: 'counts its own vote without writing it to its disk', members: 3, seed: 6 },
  'B-A3': { what: 'accepts in a ballot below its promise', members: 3, seed: 34 },
  'B-A5': { what: "accepts above a gap, and on another leader's blocks", members: 3, seed: 596 },
  'B-A7': { what: 'keeps what stands above a block that it replaced', members: 3, seed: 27 },
  'B-A8': { what: 'tells a vote that is not on its disk', members: 3, seed: 1 },
  'B-D1 once': { what: 'counts a vote that came twice as two', members: 5, seed: 535 },
  'B-D1 quorum': { what: 'decides with one vote less than a majority', members: 3, seed: 1 },
  'B-D3': { what: 'takes its own block for the decided one of that height, whatever the hash', members: 3, seed: 2065 },
  'B-L1': { what: 'uses a ballot again after a restart', members: 3, seed: 1 },
  'B-P1': { what: 'takes a promise back for a lower ballot', members: 3, seed: 1 },
  'B-P3': { what: 'tells a promise that is not on its disk', members: 3, seed: 1 },
  'B-P4': { what: 'keeps what it accepted out of its promise', members: 3, seed: 51 },
  'B-P5 ballot': { what: 'takes any accepted block, not the one of the highest ballot', members: 3, seed: 2319 },
  'B-P5 entries': { what: 'proposes anew what was accepted already', members: 5, seed: 26 },
  'B-P5 pointer': { what: 'takes entries that do not stand on those below', members: 3, seed: 2477 },
  'B-Q2': { what: 'answers a read without asking whether it still leads', members: 3, seed: 266 },
  'W2 restart': { what: 'drops what it accepted when it starts again', members: 3, seed: 17 },
  'bodies first': { what: 'votes for blocks whose bodies it lacks', members: 3, seed: 14 },
  'one switch': { what: 'orders a switch while another is under way', members: 5, seed: 110 },
};

/** A walk condenses no log; whole nodes do (testnet/mutants/paxos-mutants.ts). */
const ofWholeNodes = ['W2 condense'];

const folder = 'consensus/paxos';
const script =
  "import { walk } from './dist/consensus/paxos/walk.suite.js';" +
  'const [seed, members] = process.argv.slice(1).map(Number);' +
  'process.stdout.write(String(walk(seed, members)));';

/** What a walk of members without the rule breaks; 'null' when nothing. */
function breachWithout(rule: string, { seed, members }: Mutant): string {
  const env = { ...process.env, KVCHAIN_BROKEN_RULE: rule };
  const args = ['--conditions=mutant', '--input-type=module', '--eval', script, String(seed), String(members)];
  return execFileSync(process.execPath, args, { env, encoding: 'utf8' });
}

describe('a planted bug', () => {
  it.each(Object.entries(mutants))('%s is seen by a walk', (rule, mutant) => {
    expect(breachWithout(rule, mutant)).toMatch(/^(B-[IQ]\d+|liveness): /);
  });

  it.each(Object.entries(mutants))('%s is what makes its walk fail: with all rules in force it passes', (_, mutant) => {
    expect(walk(mutant.seed, mutant.members)).toBeNull();
  });

  it('stands in the table for every rule that the engine asks for', () => {
    const sources = readdirSync(folder)
      .filter(name => name.endsWith('.ts') && !/\.(test|suite)\.ts$/.test(name))
      .map(name => readFileSync(join(folder, name), 'utf8'));
    const asked = sources.flatMap(text => [...text.matchAll(/isEnforced\('([^']+)'\)/g)].map(([, rule]) => rule));
    expect([...new Set(asked)].sort()).toEqual([...Object.keys(mutants), ...ofWholeNodes].sort());
  });
});
