/**
 * What rewriting the past costs: `node dist/testnet/bench/re-mining.js [--json]`. An attacker changes one transactionsRoot at depth d (1 is
 * the head), and mines that block and all above it again, at low difficulty. Measured trials stand beside the expected ones, d times 2^bits,
 * and the time beside that of depth 1 in the same run: the cost grows with the depth, while the honest chain grows on.
 */
import '../../daemon/polyfill.ts';
import { performance } from 'node:perf_hooks';
import { contentHash, type Header, type SealedHeader, seal } from '../../chain/block.ts';
import { concat } from '../../chain/bytes.ts';
import { sha256, zeroHash } from '../../chain/hash.ts';
import { publicKeyLength, signatureLength } from '../../chain/keys.ts';
import { bitsForLeadingZeros, decodeBits, hashMeetsTarget } from '../../chain/target.ts';

const zeroBits = 12;
const depths = [1, 2, 4, 8, 16, 32] as const;
const rounds = 8;
const bits = bitsForLeadingZeros(zeroBits);
const target = decodeBits(bits) ?? 0n;

interface Cost {
  readonly trials: number;
  readonly ms: number;
}

function headerOn(parent: SealedHeader | null, transactionsRoot: Uint8Array): Header {
  return {
    version: 1,
    height: (parent?.header.height ?? 0) + 1,
    parent: parent?.hash ?? zeroHash,
    transactionsRoot,
    receiptsRoot: zeroHash,
    stateRoot: zeroHash,
    time: (parent?.header.time ?? 0) + 1_000,
    bits,
    producer: new Uint8Array(publicKeyLength),
    extension: new Uint8Array(0),
  };
}

/** Searches from nonce 0 up; gives the sealed header and how many nonces it took. */
function mine(header: Header): { readonly sealed: SealedHeader; readonly trials: number } {
  const content = contentHash(header);
  const nonce = new Uint8Array(32);
  const view = new DataView(nonce.buffer);
  for (let trials = 1; ; trials++) {
    view.setUint32(28, trials);
    if (!hashMeetsTarget(sha256(concat(content, nonce)), target)) continue;
    return { sealed: seal(header, nonce, new Uint8Array(signatureLength)), trials };
  }
}

/** A branch of `count` blocks on `parent`, whose first one commits to `root`. */
function branch(parent: SealedHeader | null, count: number, root: Uint8Array) {
  const blocks: SealedHeader[] = [];
  let trials = 0;
  for (let last = parent; blocks.length < count; ) {
    const mined = mine(headerOn(last, blocks.length === 0 ? root : zeroHash));
    trials += mined.trials;
    last = mined.sealed;
    blocks.push(mined.sealed);
  }
  return { blocks, trials };
}

function rewrite(chain: readonly SealedHeader[], depth: number, round: number): Cost {
  const parent = chain[chain.length - depth - 1] ?? null;
  const startMs = performance.now();
  const { trials } = branch(parent, depth, sha256(Uint8Array.of(depth, round)));
  return { trials, ms: performance.now() - startMs };
}

const deepest = Math.max(...depths);
const { blocks: chain } = branch(null, deepest + 1, zeroHash);
const measured = depths.map(depth => {
  const costs = Array.from({ length: rounds }, (_, round) => rewrite(chain, depth, round));
  const mean = (of: (cost: Cost) => number) => costs.reduce((sum, cost) => sum + of(cost), 0) / rounds;
  return {
    depth,
    expectedTrials: depth * 2 ** zeroBits,
    trials: Math.round(mean(({ trials }) => trials)),
    ms: mean(({ ms }) => ms),
  };
});
const firstMs = measured[0]?.ms ?? 0;
const rows = measured.map(({ ms, ...row }) => ({
  ...row,
  trialsRatio: Number((row.trials / row.expectedTrials).toFixed(2)),
  ms: Math.round(ms),
  timesDepth1: Number((ms / firstMs).toFixed(1)),
}));
const text = rows.map(
  ({ depth, expectedTrials, trials, trialsRatio, ms, timesDepth1 }) =>
    `| ${depth} | ${expectedTrials} | ${trials} | ${trialsRatio} | ${ms} | ${timesDepth1} |`,
);
const table = [
  '| depth | expected trials | trials | ratio | ms | times depth 1 |',
  '|---|---|---|---|---|---|',
  ...text,
];
const report = { zeroBits, rounds, rows };
process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(report)}\n` : `${table.join('\n')}\n`);
