/** Starts the daemon's door for programs and people, unless that would leave it open to strangers. */
import { KvchainError } from '../../chain/errors.ts';
import { Authenticator } from './auth.ts';
import { Door } from './door.ts';
import { isLoopbackHost } from './guard.ts';
import type { ApiServer, ServerParts, ServerSettings } from './server-settings.ts';

/** Starts the server. Errors thrown: BAD_CONFIG (open to others without TLS and tokens), PORT_IN_USE, DISK_FAILED. */
export async function startApiServer(settings: ServerSettings, parts: ServerParts): Promise<ApiServer> {
  const isLoopback = isLoopbackHost(settings.host);
  if (!isLoopback && (settings.tls === null || settings.tokens.length === 0)) {
    throw new KvchainError(
      'BAD_CONFIG',
      `rpc-host ${settings.host} can be reached by others: give --tls-cert, --tls-key and rpc-tokens, or use 127.0.0.1`,
    );
  }
  const authenticator = new Authenticator({ dataDir: settings.dataDir, tokens: settings.tokens, isLoopback });
  try {
    const door = new Door(settings, parts, authenticator);
    return await door.open();
  } catch (error) {
    authenticator.close();
    throw error;
  }
}
