/**
 * Properties draw the same cases in every `npm test`, so that a red run speaks of the change and not of the day. New cases are drawn
 * on purpose: `KVCHAIN_TEST_SEED=N npx vitest run` for one seed, many of them in `npm run test:seeds`.
 */
import fc from 'fast-check';

const seed = Number(process.env.KVCHAIN_TEST_SEED ?? 1);
if (!Number.isSafeInteger(seed))
  throw new Error(`KVCHAIN_TEST_SEED: ${process.env.KVCHAIN_TEST_SEED} is no whole number`);
fc.configureGlobal({ seed });
