/** Every decoder under its corpus and a fixed number of new inputs, the same in every run. `npm run fuzz` goes on from there. */
import { afterAll, describe, expect, it } from 'vitest';
import { toUtf8 } from '../../chain/bytes.ts';
import { readCorpus } from './corpus.ts';
import { Fuzzer, judge } from './fuzzer.ts';
import { accepted, refused, type Target } from './target.ts';
import { closeTargets, openTargets } from './targets.ts';

const seed = BigInt(process.env.KVCHAIN_TEST_SEED ?? 1);
const targets = await openTargets();
afterAll(() => closeTargets(targets));

describe('every decoder of bytes from outside', () => {
  it.each(targets.map(target => [target.name, target] as const))(
    'P6, P8, R6: %s answers whatever comes as documented, within its bounds, and in one form',
    async (name, target) => {
      const fuzzer = new Fuzzer(target, { seed, corpus: readCorpus(name) });
      await fuzzer.replay();
      for (let left = target.testCases; left > 0; left--) await fuzzer.step();
      expect(fuzzer.findings).toEqual([]);
    },
  );
});

describe('the fuzzer', () => {
  const kept: Uint8Array[] = [];
  const sloppy: Target = {
    name: 'sloppy',
    shape: 'text',
    encoding: 'exact',
    testCases: 0,
    seeds: [toUtf8('good')],
    run: bytes => (bytes[0] === 0x67 ? accepted(toUtf8('good')) : refused('no')),
  };

  it.each<[string, Partial<Target>]>([
    [
      'threw',
      {
        run: () => {
          throw new TypeError('broken');
        },
      },
    ],
    ['encodes again', {}],
    ['is not taken for the same', { encoding: 'settled', run: bytes => accepted(Uint8Array.of(...bytes, 1)) }],
    ['of memory', { run: () => refused(`${kept.push(new Uint8Array(2 ** 28))}`) }],
    ['ms, at most', { run: () => spin(400) }],
  ])('finds a decoder that breaks its promise: %s', async (why, broken) => {
    expect((await judge({ ...sloppy, ...broken }, toUtf8('gone'))).broken).toContain(why);
  });

  it('feeds the same inputs under the same seed, and others under another', async () => {
    const fed = async (fedSeed: bigint): Promise<string[]> => {
      const inputs: string[] = [];
      const fuzzer = new Fuzzer(targets[0] ?? sloppy, {
        seed: fedSeed,
        corpus: [],
        onCase: bytes => inputs.push(Buffer.from(bytes).toString('hex')),
      });
      for (let left = 100; left > 0; left--) await fuzzer.step();
      return inputs;
    };
    expect(await fed(5n)).toEqual(await fed(5n));
    expect(await fed(5n)).not.toEqual(await fed(6n));
  });
});

function spin(ms: number): ReturnType<typeof refused> {
  const begin = process.cpuUsage();
  while (process.cpuUsage(begin).user < 1_000 * ms);
  return refused('late');
}
