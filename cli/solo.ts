/**
 * A network of one node, made on the spot: a key that owns money and signs, a password file beside it, a genesis of this moment. It is
 * what `npm start` runs, so that the first put works without any other step.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { toHex, toUtf8 } from '../chain/bytes.ts';
import { addressOf } from '../chain/keys.ts';
import { scryptCostMin } from '../daemon/keystore/key-file.ts';
import { createKeyFile, keyFileOf, keyFolderOf, newSecret, readKeyInfo } from '../daemon/keystore/keystore.ts';
import { writePrivateFile } from '../daemon/keystore/private-file.ts';
import type { DataFolder } from './data-folder.ts';
import { claimFolder, newGenesis, writeNetwork } from './new-network.ts';

const soloAccount = 'main';

const targetMs = 2_000;
/** Two seconds of a miner that leaves the machine to its user (`soloHashRate` of `kvchain start`). */
const firstDifficulty = 15;
/** Blocks in which the difficulty may double: far fewer than on a network of strangers, since nobody attacks oneself. */
const adjustingBlocks = 20;
const fund = 1_000_000_000_000n;

/** Makes the network in an empty folder. Resumes what was stopped half-way: the genesis is written last. */
export async function makeSoloNetwork(folder: DataFolder): Promise<void> {
  await claimFolder(folder);
  const publicKey = await soloKey(folder);
  const genesis = newGenesis(
    {
      name: 'solo',
      engine: 'pow',
      params: { targetMs, tauMs: adjustingBlocks * targetMs },
      firstDifficulty,
      members: [],
      allocations: [{ address: addressOf(publicKey), balance: fund }],
    },
    Date.now(),
  );
  // Nobody else is meant to join, so nobody else is listened to.
  await writeNetwork(folder, genesis, { 'p2p-host': '127.0.0.1' });
}

/** The key, made when it is not there: random, under a random password of 256 bits, for which the cheapest scrypt is safe. */
async function soloKey(folder: DataFolder): Promise<Uint8Array> {
  const keys = keyFolderOf(folder.path);
  const file = keyFileOf(keys, soloAccount);
  if (existsSync(file)) return (await readKeyInfo(file)).publicKey;
  const password = toHex(randomBytes(32));
  await writePrivateFile({ file: folder.password, bytes: toUtf8(`${password}\n`), existing: 'replace' });
  const secret = newSecret();
  const options = { folder: keys, name: soloAccount, password, addressPrefix: 'kv', secret, cost: scryptCostMin };
  const { publicKey } = await createKeyFile(options);
  secret.fill(0);
  return publicKey;
}
