/** A fetch that trusts one more authority than Node.js does: that of the data folder, which `kvchain init --tls` made. */
import { request } from 'node:https';
import { rootCertificates } from 'node:tls';

/** `authority` is a certificate in PEM. Takes what the SDK asks with: a URL, headers, a text as the body, a signal; follows no redirect. */
export function fetchTrusting(authority: string): typeof fetch {
  const ca = [...rootCertificates, authority];
  return async (input, init = {}) => {
    const asked = new Request(input, init);
    const body = Buffer.from(await asked.arrayBuffer());
    const { method, headers, signal } = asked;
    return new Promise((resolve, reject) => {
      const options = { ca, method, headers: Object.fromEntries(headers), signal };
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
