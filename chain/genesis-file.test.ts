import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { secretKey } from './arbitraries.suite.ts';
import { headerCodec } from './block.ts';
import { toHex } from './bytes.ts';
import { encode } from './codec.ts';
import { chainIdOf, encodeGenesis, engineNames, paramsAt } from './genesis.ts';
import { genesisChanges, makeGenesisBlock } from './genesis-block.ts';
import { validateGenesis } from './genesis-check.ts';
import { formatGenesis, genesisTextMax, parseGenesis } from './genesis-file.ts';
import { formatAddress, publicKeyOf } from './keys.ts';
import { defaultParams, minesBlocks, validateParams } from './params.ts';
import { supplyStateKey } from './state.ts';
import { accepted, bytesOf, expectCode, readVectors } from './vectors.suite.ts';

interface GenesisVectors {
  readonly good: readonly {
    readonly file: object;
    readonly hex: string;
    readonly chainId: string;
    readonly state: readonly { readonly stateKey: string; readonly after: string }[];
    readonly block0: { readonly headerHex: string; readonly hash: string };
  }[];
  readonly refused: readonly { readonly file: string; readonly path: string; readonly code: string }[];
}

const vectors = readVectors<GenesisVectors>('genesis');
const smallest = { format: 'kvchain-genesis', version: 1, name: 'n', engine: 'pow', time: 0 };
const member = { name: 'a', publicKey: toHex(publicKeyOf(secretKey)) };

function fileOf(changes: object): string {
  return JSON.stringify({ ...smallest, ...changes });
}

describe('the genesis file', () => {
  it.each(vectors.good)('gives the chainId $chainId and its block 0', ({ file, hex, chainId, block0, state }) => {
    const genesis = accepted(parseGenesis(JSON.stringify(file)));
    expect([toHex(encodeGenesis(genesis)), toHex(chainIdOf(genesis))]).toEqual([hex, chainId]);
    const block = makeGenesisBlock(genesis);
    expect([toHex(encode(headerCodec, block.header)), block.hashHex]).toEqual([block0.headerHex, block0.hash]);
    const changes = genesisChanges(genesis);
    const shown = changes.map(({ stateKey, after }) => ({
      stateKey: toHex(stateKey),
      after: toHex(after ?? secretKey),
    }));
    expect(shown).toMatchObject(state);
  });

  it.each(vectors.refused)('is refused, naming $path', ({ file, path, code }) => {
    const parsed = parseGenesis(file);
    expectCode(parsed, code);
    expect(parsed.ok ? '' : parsed.error.detail.startsWith(path)).toBe(true);
  });

  it('comes back as it was written, for each engine', () => {
    for (const engine of engineNames) {
      const genesis = accepted(parseGenesis(fileOf({ engine, members: engine === 'pow' ? [] : [member] })));
      const text = formatGenesis(genesis);
      expect(accepted(parseGenesis(text))).toEqual(genesis);
      expect(formatGenesis(accepted(parseGenesis(text)))).toBe(text);
    }
  });

  it('takes parameters that are left out from the defaults, later entries from earlier ones', () => {
    const schedule = [
      { height: 0, params: { targetMs: 1_000, feePerByteMin: '1', testNetwork: true } },
      { height: 5, params: { feePerByteMin: '2' } },
    ];
    const genesis = accepted(parseGenesis(fileOf({ schedule })));
    const first = defaultParams('pow', { targetMs: 1_000, feePerByteMin: 1n, testNetwork: 1 });
    expect(paramsAt(genesis, 0)).toEqual(first);
    expect(paramsAt(genesis, 4)).toEqual(first);
    expect(paramsAt(genesis, 5)).toEqual({ ...first, feePerByteMin: 2n });
    expect([first.tauMs, first.maxDriftMs, first.addressPrefix]).toEqual([288_000, 12_000, 'kvt']);
  });

  it('does not hash later entries of the schedule: an upgrade is the same chain', () => {
    const one = accepted(parseGenesis(fileOf({ schedule: [{ height: 0, params: {} }] })));
    const params = { feePerByteMin: '2' };
    const two = accepted(
      parseGenesis(
        fileOf({
          schedule: [
            { height: 0, params: {} },
            { height: 9, params },
          ],
        }),
      ),
    );
    expect(toHex(chainIdOf(two))).toBe(toHex(chainIdOf(one)));
  });

  it('is another chain when anything else differs', () => {
    const ids = [{}, { name: 'm' }, { time: 1 }, { schedule: [{ height: 0, params: { targetMs: 999 } }] }].map(
      changes => toHex(chainIdOf(accepted(parseGenesis(fileOf(changes))))),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('refuses a text above its limit before it parses it', () => {
    expectCode(parseGenesis(' '.repeat(genesisTextMax + 1)), 'TOO_LARGE');
  });

  it('C15: adds allocations up without wrapping at 2^64', () => {
    const [first, second] = ['00', '11'].map(byte => formatAddress(bytesOf(byte.repeat(20)), 'kv'));
    const supplyMax = (2n ** 64n - 1n).toString();
    const schedule = [{ height: 0, params: { supplyMax } }];
    const all = { address: first, balance: supplyMax };
    expect(parseGenesis(fileOf({ schedule, allocations: [all] })).ok).toBe(true);
    expectCode(
      parseGenesis(fileOf({ schedule, allocations: [all, { address: second, balance: '1' }] })),
      'BAD_GENESIS',
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.string(), text => !parseGenesis(text).ok));
    fc.assert(fc.property(fc.json(), text => !parseGenesis(text).ok));
    expectCode(parseGenesis(`{"format":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 'BAD_GENESIS');
  });
});

describe('block 0', () => {
  it('writes no supply when nothing is allocated', () => {
    const genesis = accepted(parseGenesis(fileOf({})));
    expect(genesisChanges(genesis)).toEqual([]);
    expect(makeGenesisBlock(genesis).header.stateRoot).toEqual(new Uint8Array(32));
  });

  it('writes the supply after the accounts', () => {
    const [vector] = vectors.good;
    const genesis = accepted(parseGenesis(JSON.stringify(vector?.file)));
    expect(genesisChanges(genesis).at(-1)?.stateKey).toEqual(supplyStateKey);
  });
});

describe('parameters', () => {
  it('are valid by default, for each engine and each target interval', () => {
    for (const engine of engineNames) {
      for (const targetMs of [250, 1_000, 10_000, 600_000]) {
        expect(validateParams(defaultParams(engine, { targetMs }), engine, 'params')).toEqual({
          ok: true,
          value: null,
        });
      }
      expect(defaultParams(engine).subsidy > 0n).toBe(minesBlocks(engine));
    }
  });

  it('keep maxDriftMs at 12 intervals, from 2 s to 2 h', () => {
    const drifts = [250, 1_000, 600_000].map(targetMs => defaultParams('pow', { targetMs }).maxDriftMs);
    expect(drifts).toEqual([3_000, 12_000, 7_200_000]);
  });

  it('are refused in a genesis that was not read from a file, too', () => {
    const genesis = accepted(parseGenesis(fileOf({})));
    const params = { ...defaultParams('pow'), targetMs: 1 };
    expectCode(validateGenesis({ ...genesis, schedule: [{ height: 0, params }] }), 'BAD_GENESIS');
    expectCode(validateGenesis({ ...genesis, schedule: [] }), 'BAD_GENESIS');
    expectCode(validateGenesis({ ...genesis, name: '\ud800' }), 'BAD_GENESIS');
    expectCode(validateGenesis({ ...genesis, version: 2 }), 'BAD_VERSION');
  });
});
