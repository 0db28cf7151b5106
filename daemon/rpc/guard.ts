/**
 * What every request must pass before anything of it is read: its Host must be one of ours (else a web page of another name that
 * resolves to us could call), named once and nowhere else, its Origin must be us (no other site's page), its token right.
 */
import { accept, type Result, reject } from '../../chain/errors.ts';

export interface GuardSettings {
  /** Names under which the server may be called, without ports, in addition to its own address. */
  readonly hosts: readonly string[];
  readonly isTls: boolean;
}

/** What the guard looks at, as Node.js reads it: of several Host headers `headers` has the first alone. */
export interface GuardedRequest {
  readonly url?: string | undefined;
  readonly headers: { readonly host?: string | undefined; readonly origin?: string | undefined };
  /** Names and values in turns, as they came. */
  readonly rawHeaders: readonly string[];
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/** True for the addresses that only this machine reaches. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** A check of path, Host and Origin for a server that listens at `host` and `port`. Errors: FORBIDDEN. */
export function guardFor(
  settings: GuardSettings,
  listening: { readonly host: string; readonly port: number },
): (request: GuardedRequest) => Result<null> {
  const own = listening.host.includes(':') ? `[${listening.host}]` : listening.host;
  const names = [own, ...(isLoopbackHost(listening.host) ? loopbackNames : []), ...settings.hosts];
  const allowed = new Set(names.map(name => withPort(name.toLowerCase(), listening.port)));
  const scheme = settings.isTls ? 'https' : 'http';
  const schemePort = settings.isTls ? 443 : 80;
  return ({ url, headers: { host, origin }, rawHeaders }) => {
    // A whole URI names a host of its own, which servers are to believe instead of the header (RFC 9112, 3.2.2).
    if (!url?.startsWith('/')) return reject('FORBIDDEN', `not a path: ${JSON.stringify((url ?? '').slice(0, 100))}`);
    const hosts = rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length;
    if (hosts > 1) return reject('FORBIDDEN', `${hosts} Host headers, at most 1`);
    const given = withPort((host ?? '').toLowerCase(), schemePort);
    if (!allowed.has(given))
      return reject('FORBIDDEN', `host not allowed: ${JSON.stringify((host ?? '').slice(0, 100))}`);
    if (origin === undefined) return accept(null);
    const isOwn = [scheme, scheme === 'http' ? 'ws' : 'wss'].some(
      each =>
        origin.toLowerCase().startsWith(`${each}://`) &&
        withPort(origin.toLowerCase().slice(each.length + 3), schemePort) === given,
    );
    return isOwn ? accept(null) : reject('FORBIDDEN', `origin not allowed: ${JSON.stringify(origin.slice(0, 100))}`);
  };
}

/** A name with its port, adding `port` where it has none. */
function withPort(name: string, port: number): string {
  return /:\d+$/.test(name) && !name.endsWith(']') ? name : `${name}:${port}`;
}
