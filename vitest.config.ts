import { configDefaults, defineConfig } from 'vitest/config';

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
    // Half of the tests wait for processes; with one worker a core is idle.
    maxWorkers: 2,
    // A machine that does other things at the same time is many times slower; a limit costs nothing when all goes well.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
