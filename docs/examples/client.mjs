import { KvchainClient } from 'kvchain/client';

const url = process.argv[2] ?? 'http://127.0.0.1:8645';
const secretKey = crypto.getRandomValues(new Uint8Array(32)); // The account: it owns the keys that it writes first.
const client = new KvchainClient({ url, signer: { secretKey } });

try {
  const { status, height } = await client.put(`color-${Date.now()}`, 'green');
  const found = await client.get('hello');
  console.log({ status, height, hello: found?.value });
} catch (error) {
  console.error('action' in error ? `${error.message}. ${error.action}` : error);
  process.exitCode = 1;
}
