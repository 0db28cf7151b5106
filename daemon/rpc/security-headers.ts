/** The headers by which browsers are told what not to do with an answer. They are the same for every one, so helmet is asked once. */
import type { FastifyInstance } from 'fastify';
import { fastify, helmet } from './fastify.ts';

/** All that helmet adds to an answer, by name in lower case. */
export async function securityHeaders(): Promise<Readonly<Record<string, string>>> {
  const plain = await headersOf(fastify());
  const app = fastify();
  await app.register(helmet);
  const helmeted = await headersOf(app);
  return Object.fromEntries(Object.entries(helmeted).filter(([name]) => !Object.hasOwn(plain, name)));
}

/** Of an answer that nobody reads. */
async function headersOf(app: FastifyInstance): Promise<Readonly<Record<string, string>>> {
  const { headers } = await app.inject('/');
  await app.close();
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
