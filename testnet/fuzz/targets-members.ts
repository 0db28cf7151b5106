/** The decoders of what members say to each other and write down, of certificates of finality among it. */
import { decodeBlock, encodeBody, type SealedHeader } from '../../chain/block.ts';
import { createSpecimens } from '../../consensus/oracles.ts';
import {
  decodeHeaders,
  decodeMemberFrame,
  decodeWholeBlock,
  encodeMemberFrame,
  encodeWholeBlock,
} from '../../daemon/wire.ts';
import { hexSeeds } from './seeds.ts';
import type { Target } from './target.ts';
import { outcomeOf } from './targets-chain.ts';

const exact = { encoding: 'exact', testCases: 1_000 } as const;
const specimens = createSpecimens(hexSeeds('network', 'hex', ({ kind }) => kind === 'headers').flatMap(sealedHeaders));
const wholeBlocks = hexSeeds('block').flatMap(bytes => {
  const block = decodeBlock(bytes);
  return block.ok ? [encodeWholeBlock({ sealed: block.value, body: encodeBody(block.value.transactions) })] : [];
});

export const memberTargets: readonly Target[] = [
  ...specimens.map(
    ({ name, encoded, recode }): Target => ({
      ...exact,
      name,
      shape: 'cbor',
      seeds: encoded,
      run: bytes => outcomeOf(recode(bytes), again => again),
    }),
  ),
  {
    ...exact,
    name: 'member-frame',
    shape: 'bytes',
    testCases: 300,
    seeds: specimens.flatMap(({ encoded }) => encoded.map(content => encodeMemberFrame({ kind: 'engine', content }))),
    run: bytes => outcomeOf(decodeMemberFrame(bytes), encodeMemberFrame),
  },
  {
    ...exact,
    name: 'whole-block',
    shape: 'bytes',
    seeds: wholeBlocks,
    run: bytes => outcomeOf(decodeWholeBlock(bytes), encodeWholeBlock),
  },
];

function sealedHeaders(bytes: Uint8Array): readonly SealedHeader[] {
  const decoded = decodeHeaders(bytes);
  return decoded.ok ? decoded.value : [];
}
