import { describe, expect, it } from 'vitest';
import type { SignatureCheck, Verifier } from '../ports.ts';
import { checksNearMax, NearVerifier } from './near-verifier.ts';

/** Says yes to all, and counts what it was asked and how often it was made and closed. */
function recorder() {
  const seen = { made: 0, calls: [] as number[], closed: 0 };
  const threads: Verifier = {
    verify: async checks => {
      seen.calls.push(checks.length);
      return checks.map(() => true);
    },
    close: async () => {
      seen.closed++;
    },
  };
  const startThreads = () => {
    seen.made++;
    return threads;
  };
  return { seen, startThreads };
}

function bad(messageBytes = 10): SignatureCheck {
  return { message: new Uint8Array(messageBytes), signature: new Uint8Array(64), publicKey: new Uint8Array(33) };
}

const many = (count: number): readonly SignatureCheck[] => Array.from({ length: count }, () => bad());

describe('the near verifier', () => {
  it('checks little itself, without any thread', async () => {
    const { seen, startThreads } = recorder();
    const verifier = new NearVerifier({ startThreads, isFast: true });
    expect(await verifier.verify(many(checksNearMax))).toEqual(many(checksNearMax).map(() => false));
    await verifier.close();
    expect(seen).toEqual({ made: 0, calls: [], closed: 0 });
  });

  it.each([
    ['many checks', many(checksNearMax + 1), true],
    ['a long message', [bad(1 << 20)], true],
    ['any check of the slow library', [bad()], false],
  ])('leaves %s to threads that it starts once', async (_, checks, isFast) => {
    const { seen, startThreads } = recorder();
    const verifier = new NearVerifier({ startThreads, isFast });
    for (let call = 0; call < 2; call++) expect(await verifier.verify(checks)).toEqual(checks.map(() => true));
    await verifier.close();
    expect(seen).toEqual({ made: 1, calls: [checks.length, checks.length], closed: 1 });
  });
});
