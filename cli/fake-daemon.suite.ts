/** A daemon as the command line sees it: JSON-RPC over HTTP whose answers are the examples of the API's table, or what a test says. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { api, isMethodName, type MethodName } from '../daemon/rpc/api.ts';

export interface Asked {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly authorization: string | undefined;
}

/** What a method answers: a result, or an error's code and message. */
export type Answer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: string; readonly message: string } };
export type Answers = Partial<Record<MethodName, (params: Asked['params']) => Answer>>;

export interface FakeDaemon {
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

export async function startFakeDaemon(answers: Answers = {}): Promise<FakeDaemon> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', part => parts.push(part));
    request.on('end', () => {
      const { id, method, params } = JSON.parse(Buffer.concat(parts).toString('utf8'));
      asked.push({ method, params, authorization: request.headers.authorization });
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answerOf(method, params, answers) }));
    });
  });
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerOf(method: string, params: Asked['params'], answers: Answers): object {
  if (!isMethodName(method))
    return { error: { code: -32601, message: 'no such method', data: { code: 'METHOD_NOT_FOUND' } } };
  const answer = answers[method]?.(params) ?? { result: api[method].example.result };
  if ('result' in answer) return { result: answer.result };
  const { code, message } = answer.error;
  return { error: { code: -33000, message, data: { code } } };
}
