/** A fetch with the certificates of a data folder, which `kvchain init --tls` made: it trusts their authority and shows that of the client. */
import { request } from 'node:https';
import { rootCertificates } from 'node:tls';

/** What a data folder holds for callers, in PEM; what is undefined it lacks. */
export interface CallerFiles {
  readonly authority: string | undefined;
  readonly clientCertificate: { readonly certificate: string; readonly key: string } | undefined;
}

/** Takes what the SDK asks with: a URL, headers, a text as the body, a signal; follows no redirect. */
export function fetchWith({ authority, clientCertificate }: CallerFiles): typeof fetch {
  const ca = authority === undefined ? undefined : [...rootCertificates, authority];
  const { certificate: cert, key } = clientCertificate ?? {};
  return async (input, init = {}) => {
    const asked = new Request(input, init);
    const body = Buffer.from(await asked.arrayBuffer());
    const { method, headers, signal } = asked;
    return new Promise((resolve, reject) => {
      const options = { ca, cert, key, method, headers: Object.fromEntries(headers), signal };
      const sent = request(asked.url, options, response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          resolve(new Response(status === 204 ? null : Buffer.concat(chunks), { status }));
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  };
}
