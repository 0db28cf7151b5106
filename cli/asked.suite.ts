/** Commands typed against a fake daemon, with a key whose password the data folder holds; each test has a daemon of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { scryptCostMin } from '../daemon/keystore/key-file.ts';
import { createKeyFile, keyFolderOf, newSecret } from '../daemon/keystore/keystore.ts';
import { api } from '../daemon/rpc/api.ts';
import { type Answers, type FakeDaemon, startFakeDaemon } from './fake-daemon.suite.ts';
import { type Outcome, typed } from './typed.suite.ts';

export const folder = mkdtempSync(join(tmpdir(), 'kvchain-cli-'));
/** The data folder of the commands. */
export const home = join(folder, 'home');
/** The daemon of the test that runs. */
export let fake: FakeDaemon | null = null;

/** The file that calls this finds the data folder filled, and leaves nothing behind. */
export function useDataFolder(): void {
  beforeAll(async () => {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    writeFileSync(join(home, 'password'), 'secret\n', { mode: 0o600 });
    const key = { password: 'secret', addressPrefix: 'kv', cost: scryptCostMin, secret: newSecret() };
    await createKeyFile({ folder: keyFolderOf(home), name: 'main', ...key });
  });
  afterEach(async () => {
    await fake?.close();
    fake = null;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
}

/** In the place of the one before. */
export async function startFake(answers: Answers = {}): Promise<FakeDaemon> {
  await fake?.close();
  fake = await startFakeDaemon(answers);
  return fake;
}

/** Types a command against a fake daemon. */
export async function ask(words: readonly string[], answers: Answers = {}, input = ''): Promise<Outcome> {
  const { url } = await startFake(answers);
  return typed([...words, '--rpc', url, '--data-dir', home], input);
}

export const state = api.kv_put.example.result;
export const included = {
  ...state,
  status: 'included',
  height: 1204,
  blockHash: state.id,
  confirmations: 1,
  finality: 'included',
};
/** A node that takes every transaction and includes it at once. */
export const including: Answers = {
  tx_submit: () => ({ result: { results: [included] } }),
  tx_wait: () => ({ result: { ...included, reached: true } }),
};
