/** The headers by which browsers are told what not to do with an answer. They are the same for every one, so helmet is asked once. */
import helmet from '@fastify/helmet';
import fastify, { type FastifyPluginCallback } from 'fastify';

/** All that helmet adds to an answer, by name in lower case. */
export async function securityHeaders(): Promise<Readonly<Record<string, string>>> {
  const plain = await headersWith((_app, _options, done) => done());
  const helmeted = await headersWith(helmet);
  return Object.fromEntries(Object.entries(helmeted).filter(([name]) => !Object.hasOwn(plain, name)));
}

/** Of an answer that nobody reads. */
async function headersWith(plugin: FastifyPluginCallback): Promise<Readonly<Record<string, string>>> {
  const app = fastify();
  await app.register(plugin);
  const { headers } = await app.inject('/');
  await app.close();
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
