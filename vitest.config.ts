import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSequencer, type TestSpecification, type Vitest } from 'vitest/node';

/** The files that take longest, longest first: they wait for processes or run the simulator, and their size does not tell. */
const longest = [
  'failpoints/failpoints',
  'cli/solo',
  'ci/commands',
  'scenarios/scenarios',
  'testnet/network',
  'testnet/daemon',
  'testnet/hardship',
  'mutants/duels',
  'sim/seeds-101-to-200',
  'sim/seeds-51-to-100',
  'sim/seeds-1-to-25',
  'ci/install',
  'sim/seeds-26-to-50',
  'attackers/together',
  'networks/up',
  'faults/faults',
  'demo/packages',
  'testnet/snapshot',
].map(name => `/${name}.test.js`);

/** Starts the longest first, so that the workers end together; the others in the order that vitest gives them. */
class LongestFirst implements TestSequencer {
  readonly #others: BaseSequencer;

  constructor(vitest: Vitest) {
    this.#others = new BaseSequencer(vitest);
  }

  shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    return this.#others.shard(files);
  }

  async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = longest.findIndex(name => moduleId.endsWith(name));
      return found < 0 ? longest.length : found;
    };
    return (await this.#others.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

/** Tests run from the build, so what is tested is what ships, and worker threads find their files. */
export default defineConfig({
  test: {
    include: ['dist/**/*.test.js'],
    // The last needs root and network namespaces: `npm run test:netns`.
    exclude: [...configDefaults.exclude, 'dist/testnet/netns/**'],
    setupFiles: ['dist/daemon/polyfill.js', '.ci/test-seed.mjs'],
    pool: 'forks',
    // Modules keep no state between tests, so a process loads libp2p and the daemon once and runs file after file. What a suite
    // registers for each test it registers in a function that the file calls: a module that is there already is not run again.
    isolate: false,
    // The build is plain modules: Node.js loads them itself, sooner than vitest would rewrite them.
    server: { deps: { external: [/\/dist\//] } },
    // Half of the tests wait for processes: three workers keep two cores busy.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // A machine that does other things at the same time is many times slower; a limit costs nothing when all goes well.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
