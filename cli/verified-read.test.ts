import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { toHex } from '../chain/bytes.ts';
import { chainIdOf, type Genesis } from '../chain/genesis.ts';
import { makeGenesisBlock } from '../chain/genesis-block.ts';
import { parseGenesis } from '../chain/genesis-file.ts';
import { api } from '../daemon/rpc/api.ts';
import { type Answers, startFakeDaemon } from './fake-daemon.suite.ts';
import { typed } from './typed.suite.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'kvchain-verified-read-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** A daemon whose head is out of reach of every proof that is asked for. */
function runningAway(genesis: Genesis): Answers {
  const { header, hash, nonce, signature } = makeGenesisBlock(genesis);
  const texts = Object.entries(header).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? toHex(value) : value,
  ]);
  const sealed = { nonce: toHex(nonce), signature: toHex(signature), hash: toHex(hash) };
  const first = { ...api.chain_getHeaders.example.result.headers[0], ...Object.fromEntries(texts), ...sealed };
  return {
    chain_status: () => ({ result: { ...api.chain_status.example.result, chainId: toHex(chainIdOf(genesis)) } }),
    chain_getHeaders: ({ from }) => ({ result: { headers: from === 0 ? [first] : [] } }),
    kv_proof: () => ({ error: { code: 'HEIGHT_UNAVAILABLE', message: 'proofs reach from 9 to 137' } }),
  };
}

it('asks again for a proof when the head ran away, a few times, and once for a height that was named', async () => {
  expect((await typed(['init', '--data-dir', dataDir])).exit).toBe(0);
  const parsed = parseGenesis(readFileSync(join(dataDir, 'genesis.json'), 'utf8'));
  if (!parsed.ok) throw new Error(parsed.error.detail);
  for (const [at, times] of [
    [[], 3],
    [['--at', '0'], 1],
  ] as const) {
    const daemon = await startFakeDaemon(runningAway(parsed.value));
    const here = ['--data-dir', dataDir, '--rpc', daemon.url];
    const { stderr } = await typed(['get', 'hello', '--verify', ...at, ...here]);
    await daemon.close();
    expect(stderr).toContain('proofs reach from 9 to 137');
    expect(daemon.asked.filter(({ method }) => method === 'kv_proof')).toHaveLength(times);
  }
});
