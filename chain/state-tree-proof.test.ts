import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, toHex } from './bytes.ts';
import { sha256, zeroHash } from './hash.ts';
import { StateTree } from './state-tree.ts';
import {
  decodeStateProof,
  encodeStateProof,
  type StateClaim,
  type StateProof,
  stateLeafHash,
  stateProofBytesMax,
  verifyStateProof,
} from './state-tree-proof.ts';

const numbered = (number: number) => sha256(Uint8Array.of(number >> 8, number));
const lastBit = Uint8Array.from({ length: 32 }, (_, index) => (index === 31 ? 1 : 0));

/** 200 leaves, two of which share all bits but the last, and so leave levels without a sibling. */
function sampleTree(): StateTree {
  const leaves = Array.from({ length: 198 }, (_, number) => ({
    path: numbered(number),
    payloadHash: numbered(number + 500),
  }));
  const tree = new StateTree();
  tree.update([
    ...leaves,
    { path: zeroHash, payloadHash: numbered(900) },
    { path: lastBit, payloadHash: numbered(901) },
  ]);
  return tree;
}

const tree = sampleTree();
const root = tree.root();

function claimOf(path: Uint8Array, payloadHash: Uint8Array | null): StateClaim {
  return { root, path, payloadHash, proof: tree.prove(path) };
}

/** A path that is absent and whose place is taken by another leaf, or by nothing. */
function absentPath(taken: 'by another leaf' | 'by nothing'): Uint8Array {
  for (let number = 1_000; ; number++) {
    const other = tree.prove(numbered(number)).otherLeaf;
    if ((other === null) === (taken === 'by nothing')) return numbered(number);
  }
}

const samples: [string, StateClaim][] = [
  ['presence', claimOf(numbered(3), numbered(503))],
  ['presence at depth 256', claimOf(lastBit, numbered(901))],
  ['absence by another leaf', claimOf(absentPath('by another leaf'), null)],
  ['absence by nothing', claimOf(absentPath('by nothing'), null)],
];

function withProof(claim: StateClaim, change: Partial<StateProof>): StateClaim {
  return { ...claim, proof: { ...claim.proof, ...change } };
}

/** The same proof, but for one empty sibling that is listed though it is empty: the root comes out right. */
function withEmptyListed(claim: StateClaim): StateClaim {
  const { bitmap, siblings } = claim.proof;
  const bits = [...bitmap].flatMap(byte => Array.from({ length: 8 }, (_, bit) => (byte >> (7 - bit)) & 1));
  const level = bits.indexOf(0);
  const before = bits.slice(0, level).reduce((sum, bit) => sum + bit, 0);
  return withProof(claim, {
    bitmap: bitmap.with(level >> 3, (bitmap[level >> 3] ?? 0) | (0x80 >> (level % 8))),
    siblings: siblings.toSpliced(before, 0, zeroHash),
  });
}

describe.each(samples)('a proof of %s', (_, claim) => {
  test('verifies, and its encoding decodes to it', () => {
    expect(verifyStateProof(claim)).toBe(true);
    expect(decodeStateProof(encodeStateProof(claim.proof))).toEqual(claim.proof);
  });

  test('fails with any byte of its encoding changed', () => {
    const bytes = encodeStateProof(claim.proof);
    for (let index = 0; index < bytes.length; index++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = bytes.slice();
        changed[index] = (changed[index] ?? 0) ^ flip;
        const proof = decodeStateProof(changed);
        expect(proof !== null && verifyStateProof({ ...claim, proof })).toBe(false);
      }
    }
  });

  test('fails with its encoding cut or lengthened', () => {
    const bytes = encodeStateProof(claim.proof);
    const lengths = Array.from({ length: bytes.length + 65 }, (_, length) => length).filter(it => it !== bytes.length);
    for (const length of lengths) {
      const changed = new Uint8Array(length);
      changed.set(bytes.subarray(0, length));
      const proof = decodeStateProof(changed);
      expect(proof !== null && verifyStateProof({ ...claim, proof })).toBe(false);
    }
  });

  test('fails for another root, path or payload', () => {
    for (let bit = 0; bit < 256; bit++) {
      const mask = Uint8Array.from({ length: 32 }, (_, index) => (index === bit >> 3 ? 0x80 >> (bit % 8) : 0));
      const flipped = (bytes: Uint8Array) => bytes.map((byte, index) => byte ^ (mask[index] ?? 0));
      expect(verifyStateProof({ ...claim, root: flipped(claim.root) })).toBe(false);
      if (claim.payloadHash === null) continue;
      expect(verifyStateProof({ ...claim, path: flipped(claim.path) })).toBe(false);
      expect(verifyStateProof({ ...claim, payloadHash: flipped(claim.payloadHash) })).toBe(false);
    }
  });
});

describe('the verifier', () => {
  const [presence, deep, byOther, byNothing] = samples.map(([, claim]) => claim) as [
    StateClaim,
    StateClaim,
    StateClaim,
    StateClaim,
  ];
  const other = byOther.proof.otherLeaf;

  test('accepts the empty tree as the absence of anything', () => {
    const proof = new StateTree().prove(numbered(1));
    expect(verifyStateProof({ root: zeroHash, path: numbered(1), payloadHash: null, proof })).toBe(true);
    expect(verifyStateProof({ root: zeroHash, path: numbered(1), payloadHash: numbered(2), proof })).toBe(false);
  });

  test('refuses to call a leaf absent by that leaf itself', () => {
    const otherLeaf = { path: presence.path, payloadHash: numbered(503) };
    expect(verifyStateProof({ ...withProof(presence, { otherLeaf }), payloadHash: null })).toBe(false);
  });

  test('refuses another leaf that does not share the way walked', () => {
    expect(other).not.toBeNull();
    expect(verifyStateProof({ ...byOther, path: numbered(3) })).toBe(false);
    const elsewhere = (byOther.path[0] ?? 0) ^ 0x80;
    expect(verifyStateProof({ ...byOther, path: Uint8Array.of(elsewhere, ...byOther.path.subarray(1)) })).toBe(false);
  });

  test('refuses another leaf beside a claim of presence', () => {
    expect(verifyStateProof(withProof(presence, { otherLeaf: other }))).toBe(false);
  });

  test('C9: refuses to take a node for the leaf below it', () => {
    const { depth, siblings } = presence.proof;
    const node = { path: numbered(3), payloadHash: siblings.at(-1) ?? zeroHash };
    const shorter = { depth: depth - 1, siblings: siblings.slice(0, -1), bitmap: presence.proof.bitmap };
    expect(verifyStateProof({ ...withProof(presence, shorter), ...node })).toBe(false);
    expect(stateLeafHash(concat(node.path, node.payloadHash))).not.toEqual(sha256(concat(node.path, node.payloadHash)));
  });

  const { depth, bitmap, siblings } = byNothing.proof;
  const malformed: [string, StateClaim][] = [
    ['a depth of 257', withProof(deep, { depth: 257, bitmap: new Uint8Array(33) })],
    ['a negative depth', withProof(byNothing, { depth: -1 })],
    ['a broken depth', withProof(byNothing, { depth: depth + 0.5 })],
    ['a depth that is no number', withProof(byNothing, { depth: Number.NaN })],
    ['a bitmap that is too long', withProof(byNothing, { bitmap: concat(bitmap, Uint8Array.of(0)) })],
    ['a bitmap that is too short', withProof(byNothing, { bitmap: bitmap.subarray(1) })],
    [
      'a bit past the depth',
      withProof(presence, {
        bitmap: presence.proof.bitmap.map((byte, at, all) => (at === all.length - 1 ? byte | 1 : byte)),
      }),
    ],
    ['a sibling too many', withProof(byNothing, { siblings: [...siblings, numbered(1)] })],
    ['a sibling too few', withProof(byNothing, { siblings: siblings.slice(1) })],
    ['a sibling of 31 bytes', withProof(byNothing, { siblings: [...siblings.slice(1), new Uint8Array(31).fill(1)] })],
    ['a sibling of 64 bytes', withProof(byNothing, { siblings: [...siblings.slice(1), new Uint8Array(64).fill(1)] })],
    ['an empty sibling that is listed', withEmptyListed(deep)],
    ['a level added below that has no sibling', withProof(byNothing, { depth: depth + 1 })],
    [
      'another leaf with a path of 31 bytes',
      withProof(byOther, { otherLeaf: { path: new Uint8Array(31), payloadHash: zeroHash } }),
    ],
    [
      'another leaf with a payload of 33 bytes',
      withProof(byOther, { otherLeaf: { path: zeroHash, payloadHash: new Uint8Array(33) } }),
    ],
    ['a root of 31 bytes', { ...presence, root: root.subarray(1) }],
    ['a path of 33 bytes', { ...presence, path: concat(presence.path, Uint8Array.of(0)) }],
    ['a payload hash of no bytes', { ...presence, payloadHash: new Uint8Array(0) }],
  ];

  test.each(malformed)('refuses %s', (_, claim) => {
    expect(verifyStateProof(claim)).toBe(false);
  });

  test('gives false, and never throws, on whatever stands in place of a field', () => {
    const rubbish = fc.oneof(
      fc.anything(),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.uint8Array({ maxLength: 40 })),
    );
    const fields = ['root', 'path', 'payloadHash', 'proof'] as const;
    const proofFields = ['depth', 'bitmap', 'siblings', 'otherLeaf'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...fields), rubbish, (field, value) => {
        fc.pre(value !== byOther[field]);
        expect(verifyStateProof({ ...byOther, [field]: value })).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...proofFields), rubbish, (field, value) => {
        fc.pre(value !== byOther.proof[field]);
        expect(verifyStateProof(withProof(byOther, { [field]: value }))).toBe(false);
      }),
    );
  });
});

describe('the encoding of a proof', () => {
  test('is byte for byte as written down', () => {
    const [, presence] = samples[0] ?? [];
    expect(toHex(encodeStateProof((presence as StateClaim).proof))).toBe(
      '000affc04fc709fda2f4d6d3681bb5546bd918de857e44a06aac9cd69a0765f74782b4a019ffb8640f5bdd7b826fce9f3b6a451ebf7aa443167236edae4f100e204442bdd4e7ac0769fce19f49e1f86592bb7993e01f7d39002faed7cce3e0ebfeb3bf3b7cf2da5ab20ac85c6bf4c63b5b3d14aac4faef232e5c3f94b4b3369ae1731a45daf6512b69cfebbf378d46cfd1dfb7c1bebb4aabc38e989bdfd5f2f9c7198875e179ab2ea11dc2bae258fcf5c63394396c25c1c7c9737ded64989ea4795c8a2a09d9722c23b97287e2e9ce4d4b00c467069f0f930ee8592b8f98a350c830961ece59c667d6bcae28adfbaf9406fac497f78434c899b2ae56b334de81c6d3ee8ec06caa8e52f14c4ebb759f4fbc039f9b49f27ab0d6f767a77db8a06c1e88ecef7885407e394c0e1308f02ed612d053c63cf775b4784124272a82db502cf2e09b',
    );
    expect(toHex(root)).toBe('bfa8836be7d20e6ea01777eb69648e53bc2d203cdbd8261041d18f89fc8677f8');
  });

  test('has exactly one form: what decodes encodes to the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        const shallow = Uint8Array.of(0, (bytes[0] ?? 0) % 9, ...bytes.subarray(1));
        const proof = decodeStateProof(shallow);
        if (proof !== null) expect(encodeStateProof(proof)).toEqual(shallow);
      }),
    );
  });

  test('is refused above its largest size', () => {
    expect(decodeStateProof(new Uint8Array(stateProofBytesMax + 1))).toBeNull();
    expect(decodeStateProof(new Uint8Array(1))).toBeNull();
  });
});
