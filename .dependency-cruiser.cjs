/**
 * Who may import whom. Project references already stop most of it at compile time; these rules also see npm packages, built-in
 * modules, type-only imports, tests and cycles. `.ci/direction.mjs` runs them and makes sure that they looked at every file;
 * testnet/ci/direction.test.ts plants a violation of the rules and sees each caught.
 */
const test = '\\.(test|suite)\\.ts$';
/** Packages by how their path begins; a type-only import of `ws` resolves into `@types/ws`. */
const npm = beginnings => `node_modules/(@types/)?(${beginnings.join('|')})`;
/** The part of the daemon that the simulator runs too. */
const core = '^daemon/(node|driver|pipeline|sync|producer)[-./]';
/** The Node.js halves of what chain/ imports by condition. */
const nativeHash = '^chain/hash-node\\.ts$';
const nativeCurve = '^chain/secp256k1-node\\.ts$';
const builtIn = { dependencyTypes: ['core'] };
const fromNpm = { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] };

/** What speaks to peers, disks and browsers: each family of packages has one folder that knows it. */
const networkPackages = npm(['libp2p/', '@libp2p/', '@chainsafe/libp2p', '@multiformats/', 'multiformats/', 'it-', 'uint8array']);
const storePackages = npm(['classic-level/', 'memory-level/', 'abstract-level/', 'level/']);
const serverPackages = npm(['fastify', '@fastify/', 'ws/']);
const drawingPackages = npm(['vega', 'marked/']);
const nativeSignatures = npm(['secp256k1/']);

/** A family's packages may be imported only from its folder; tests beside other parts have no business with them either. */
function onlyFrom(name, folder, packages, comment) {
  return { name, comment, severity: 'error', from: { pathNot: folder }, to: { path: packages } };
}

module.exports = {
  forbidden: [
    {
      name: 'chain-imports-nothing-of-ours',
      comment: 'chain/ is what is true: it must be usable, testable and portable without consensus, daemon, cli or testnet.',
      severity: 'error',
      from: { path: '^chain/' },
      to: { path: '^(consensus|daemon|cli|testnet)/' },
    },
    {
      name: 'consensus-imports-chain-alone',
      comment: 'An engine is a pure step function: what carries out its effects is not its business.',
      severity: 'error',
      from: { path: '^consensus/' },
      to: { path: '^(daemon|cli|testnet)/' },
    },
    {
      name: 'daemon-does-not-import-its-users',
      comment: 'A daemon ships without the command line and without the laboratory.',
      severity: 'error',
      from: { path: '^daemon/' },
      to: { path: '^(cli|testnet)/' },
    },
    {
      name: 'cli-imports-the-contract-of-the-daemon-alone',
      comment: 'The command line is a client like any other: it speaks to a daemon through its API, signs with the keystore, and makes folders and tells refusals of the disk as it does; a program starts from its one file; a client of a classroom is the one of the laboratory.',
      severity: 'error',
      from: { path: '^cli/' },
      to: { path: '^daemon/', pathNot: '^daemon/(rpc/(api|client|light-client)[^/]*\\.ts|classroom/.*|keystore/.*|disk-failure\\.ts|make-folder\\.ts|bundle\\.ts|polyfill\\.ts)$' },
    },
    {
      name: 'cli-does-not-import-testnet',
      comment: 'What attacks and measures networks stays out of what users run.',
      severity: 'error',
      from: { path: '^cli/' },
      to: { path: '^testnet/' },
    },
    {
      name: 'testnet-does-not-import-cli',
      comment: 'The laboratory drives the built programs as a user does, never their insides; but the fuzzer feeds a decoder its bytes.',
      severity: 'error',
      from: { path: '^testnet/', pathNot: '^testnet/fuzz/' },
      to: { path: '^cli/' },
    },
    {
      name: 'fuzzer-imports-decoders-of-the-cli-alone',
      comment: 'Of the command line the fuzzer needs what reads the rows of a file.',
      severity: 'error',
      from: { path: '^testnet/fuzz/' },
      to: { path: '^cli/', pathNot: '^cli/import/rows\\.ts$' },
    },
    {
      name: 'chain-npm-allow-list',
      comment: 'chain/ runs in browsers and is audited whole: hashing, curve, base encoding and CBOR, nothing else.',
      severity: 'error',
      from: { path: '^chain/', pathNot: [nativeCurve, test] },
      to: { ...fromNpm, pathNot: npm(['@noble/hashes/', '@noble/secp256k1/', '@scure/base/', 'cborg/']) },
    },
    {
      name: 'chain-built-ins-in-two-files',
      comment: 'Only the Node.js halves of the conditional imports #sha256 and #secp256k1 may use what a browser lacks.',
      severity: 'error',
      from: { path: '^chain/', pathNot: [nativeHash, nativeCurve, test] },
      to: builtIn,
    },
    {
      name: 'chain-built-ins-allow-list',
      comment: 'They need the hash function and a way to try a native package, no more.',
      severity: 'error',
      from: { path: [nativeHash, nativeCurve] },
      to: { ...builtIn, pathNot: '^(node:)?(crypto|module)$' },
    },
    {
      name: 'consensus-imports-no-package',
      comment: 'Engines are pure: data in, effects out. Whatever they need of the world is in chain/ or comes as an argument.',
      severity: 'error',
      from: { path: '^consensus/', pathNot: test },
      to: fromNpm,
    },
    {
      name: 'consensus-imports-no-built-in',
      comment: 'Engines are pure: no clock, chance, disk or socket.',
      severity: 'error',
      from: { path: '^consensus/', pathNot: test },
      to: builtIn,
    },
    {
      name: 'registry-alone-knows-the-engines',
      comment: 'Deleting an engine means deleting its folder and its row in the registry, and in that of the oracles; everything else must still compile.',
      severity: 'error',
      from: { path: '^(chain|consensus|daemon|cli|testnet)/', pathNot: ['^consensus/(registry|oracles)\\.ts$', '^consensus/[^/]+/'] },
      to: { path: '^consensus/[^/]+/' },
    },
    {
      name: 'node-core-knows-ports-alone',
      comment: 'The simulator runs the very same node: no path from node.ts may reach a socket, a disk or a server.',
      severity: 'error',
      from: { path: core, pathNot: test },
      to: { path: [networkPackages, storePackages, serverPackages, nativeSignatures], reachable: true },
    },
    {
      name: 'node-core-knows-no-shell',
      comment: 'What carries out I/O is handed in through daemon/ports.ts by main.ts or by the simulator.',
      severity: 'error',
      from: { path: core, pathNot: test },
      to: { path: '^daemon/(network|store|crypto|keystore)/' },
    },
    {
      name: 'node-core-imports-no-built-in',
      comment: 'Time, chance, files and sockets come in through ports, or the same seed no longer gives the same trace.',
      severity: 'error',
      from: { path: core, pathNot: test },
      to: builtIn,
    },
    onlyFrom('network-alone-imports-libp2p', '^daemon/network/', networkPackages, 'libp2p changes often: one folder adapts to it.'),
    onlyFrom('store-alone-imports-leveldb', '^daemon/store/', storePackages, 'Checksums, layout and batches are kept in one place.'),
    onlyFrom('rpc-alone-imports-http', '^daemon/rpc/', serverPackages, 'One table of methods is the only door.'),
    onlyFrom('curve-alone-imports-native', nativeCurve, nativeSignatures, 'It falls back in silence; one file asserts that it did not.'),
    onlyFrom('experiments-alone-draw', '^testnet/experiments/', drawingPackages, 'Nothing that runs in a network needs charts.'),
    {
      name: 'no-cycles',
      comment: 'Files that import each other cannot be read, tested or deleted one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nothing-unresolvable',
      comment: 'An import that cannot be followed is an import that no rule sees.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^#(sha256|rules)$' },
    },
    {
      name: 'shipped-code-uses-shipped-packages',
      comment: 'A development dependency is absent where the package is installed.',
      severity: 'error',
      from: { path: '^(chain|consensus|daemon|cli|testnet)/', pathNot: test },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'shipped-code-imports-no-test',
      comment: 'Tests and suites are left out of the package.',
      severity: 'error',
      from: { path: '^(chain|consensus|daemon|cli|testnet)/', pathNot: test },
      to: { path: test },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: false,
    doNotFollow: { path: ['node_modules', '^dist/'] },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import', 'default'] },
  },
};
