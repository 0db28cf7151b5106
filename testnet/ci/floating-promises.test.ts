/** Plants promises that nobody waits for and sees each of them caught, and what handles its failure accepted. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlantedTree } from './planted-tree.ts';
import { processTimeoutMs, type Verdict } from './programs.ts';

const prelude = `
declare function work(): Promise<void>;
declare function maybe(): Promise<void> | undefined;
declare function onEvent(listener: () => void): void;
declare function onTask(listener: () => void | Promise<void>): void;
declare const reply: { send(): typeof reply; then(done: () => void): void };
const log = (): void => {};
`;

const floating: readonly string[] = [
  'work();',
  'maybe();',
  'work().then(log);',
  'work().finally(log);',
  'log.length > 0 && work();',
  '[1, 2].map(() => work());',
  'Promise.all([work()]);',
  'void work();',
  'onEvent(async () => work());',
  'onEvent(work);',
  'new Promise<void>(async resolve => resolve());',
];

const handled: readonly string[] = [
  'await work();',
  'reply.send();',
  'work().catch(log);',
  'maybe()?.catch(log);',
  'work().then(log, log);',
  'work().catch(log).finally(log);',
  'void work(); // Its failure is reported by the work itself.',
  'onTask(async () => work());',
  'onEvent(() => void work().catch(log));',
  'export const kept = work();',
  'let kept: Promise<void> | null = null;\nkept ??= work();\nexport { kept };',
];

const fileOf = (group: string, index: number): string => `chain/planted-${group}-${index}.ts`;

describe('a promise that nobody waits for', () => {
  let tree: PlantedTree;
  let verdict: Verdict;

  beforeAll(async () => {
    const plant = (group: string, statements: readonly string[]) =>
      statements.map((statement, index) => [fileOf(group, index), `${prelude}${statement}\nexport {};\n`]);
    const planted = Object.fromEntries([...plant('floating', floating), ...plant('handled', handled)]);
    tree = await PlantedTree.create(planted, ['chain/tsconfig.json']);
    verdict = await tree.run('.ci/check.mjs', 'promises');
  }, processTimeoutMs);
  afterAll(() => tree.remove());

  it.each(floating.map((statement, index) => ({ statement, file: fileOf('floating', index) })))(
    'is found in: $statement',
    ({ file }) => {
      expect(verdict.exitCode).toBe(1);
      expect(verdict.stdout).toContain(`${file}:`);
    },
  );

  it.each(handled.map((statement, index) => ({ statement, file: fileOf('handled', index) })))(
    'is not seen in: $statement',
    ({ file }) => expect(verdict.stdout).not.toContain(`${file}:`),
  );
});
