import { configDefaults, defineConfig } from 'vitest/config';

/** Pure modules without I/O: their tests may share a process, and so load what they have in common once. */
const pure = ['dist/chain/**/*.test.js', 'dist/consensus/**/*.test.js'];

/** Tests run from the build, so what is tested is what ships, and worker threads find their files. */
export default defineConfig({
  test: {
    setupFiles: ['dist/daemon/polyfill.js', '.ci/test-seed.mjs'],
    pool: 'forks',
    // The build is plain modules: Node.js loads them itself, sooner than vitest would rewrite them.
    server: { deps: { external: [/\/dist\//] } },
    // Half of the tests wait for processes; with one worker a core is idle.
    maxWorkers: 2,
    // A machine that does other things at the same time is many times slower; a limit costs nothing when all goes well.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: 'pure', include: pure, isolate: false } },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['dist/**/*.test.js'],
          // The last needs root and network namespaces: `npm run test:netns`.
          exclude: [...configDefaults.exclude, ...pure, 'dist/testnet/netns/**'],
        },
      },
    ],
  },
});
