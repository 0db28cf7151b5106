/** `kvchain rpc`: any method of the API by its name, for what no other command does. */
import { KvchainError } from '../../chain/errors.ts';
import type { MethodName, ParamsOf } from '../../daemon/rpc/client.ts';
import { type Call, examples, onCall, type Shell } from '../command.ts';
import { CommandError } from '../failure.ts';

export function addRpc(shell: Shell): void {
  const command = shell.program
    .command('rpc')
    .summary('call a method of the API')
    .description('Calls a method of the API and prints its result as JSON. docs/reference/rpc.md lists the methods.')
    .argument('<method>', 'such as chain_head')
    .argument('[params]', 'a JSON object', '{}');
  examples(
    command,
    ['kvchain rpc chain_head', ''],
    [`kvchain rpc kv_get '{"key": "hello"}'`, 'parameters by name'],
    ['kvchain rpc rpc.discover', 'the OpenRPC document: all methods, with their parameters'],
  );
  onCall(shell, command, rpc);
}

async function rpc({ args, session }: Call<object>): Promise<void> {
  const [method = '', text = '{}'] = args;
  const { isMethodName } = await import('../../daemon/rpc/api.ts');
  if (!isMethodName(method)) {
    const advice = '`kvchain rpc rpc.discover` lists the methods.';
    throw new CommandError('METHOD_NOT_FOUND', `there is no method ${JSON.stringify(method)}`, advice);
  }
  const params = paramsOf(text);
  const client = await session.client({ needsToken: true, timeoutMs: 30_000 });
  const result = await client.call(method, params);
  session.output.answer(result, JSON.stringify(result, null, 2));
}

function paramsOf(text: string): ParamsOf<MethodName> & object {
  try {
    const params: unknown = JSON.parse(text);
    if (areNamed(params)) return params;
  } catch {
    // Told below, as any other text that is no object.
  }
  throw new KvchainError('USAGE', `the parameters are not a JSON object: ${text.slice(0, 200)}`);
}

/** The daemon checks the parameters against the method's schema; here only their form is. */
function areNamed(params: unknown): params is ParamsOf<MethodName> & object {
  return typeof params === 'object' && params !== null && !Array.isArray(params);
}
