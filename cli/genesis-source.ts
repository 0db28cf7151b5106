/** Gets the genesis of a network that is joined, from a file or from the web. */
import { KvchainError } from '../chain/errors.ts';
import type { Genesis } from '../chain/genesis.ts';
import { genesisTextMax, parseGenesis } from '../chain/genesis-file.ts';
import { CommandError } from './failure.ts';
import type { Streams } from './output.ts';
import { readInput } from './user-files.ts';

const fetchTimeoutMs = 30_000;

/** Reads and checks the genesis at `source`. Errors: BAD_GENESIS, BAD_VERSION, TOO_LARGE, USAGE, UNREACHABLE. */
export async function fetchGenesis(streams: Streams, source: string): Promise<Genesis> {
  const isWeb = /^https?:\/\//.test(source);
  const bytes = isWeb ? await download(source) : await readInput(streams, source, genesisTextMax);
  const parsed = parseGenesis(new TextDecoder().decode(bytes));
  if (!parsed.ok) throw new KvchainError(parsed.error.code, `${source}: ${parsed.error.detail}`);
  return parsed.value;
}

async function download(url: string): Promise<Uint8Array> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(fetchTimeoutMs) });
    if (!response.ok || response.body === null) throw new Error(`it answers ${response.status}`);
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of response.body) {
      parts.push(part);
      length += part.length;
      if (length > genesisTextMax) throw new Error(`it is over ${genesisTextMax} bytes`);
    }
    return Buffer.concat(parts);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError('UNREACHABLE', `no genesis from ${url}: ${reason}`, 'Check the address, or give a file.');
  }
}
