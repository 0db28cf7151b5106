/**
 * Writes what docs/reference/ and two pages of docs/operate/ say from the tables of the code, or checks that it still says so: `node dist/testnet/docs.js [--check]`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCodes, errorRow, rpcNumber } from '../chain/errors.ts';
import { flagOf, settingNames, settingRow } from '../daemon/config-settings.ts';
import { type MetricRow, metricTable } from '../daemon/metrics-table.ts';
import { type MethodName, methodNames, rowOf } from '../daemon/rpc/api.ts';
import { openApiDocument } from '../daemon/rpc/open-api.ts';
import { jsonSchema, openRpcDocument, propertiesOf } from '../daemon/rpc/open-rpc.ts';
import { attackersPage } from './attackers/page.ts';
import { limitsPage } from './limits-page.ts';
import { threatsPage } from './threats-page.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, 'docs', 'reference');
const version = readVersion();

const notice = '<!-- Written by `npm run docs` from the tables of the code: change those. -->';

const pages: Readonly<Record<string, () => string>> = {
  'rpc.md': rpcPage,
  'errors.md': errorsPage,
  'config.md': configPage,
  'metrics.md': metricsPage,
  '../operate/limits.md': () => limitsPage(root, notice),
  '../operate/threats.md': () => threatsPage(root, notice),
  '../testnet/attackers.md': () => attackersPage(notice),
  'openrpc.json': () => `${JSON.stringify(openRpcDocument(version), null, 2)}\n`,
  'openapi.json': () => `${JSON.stringify(openApiDocument(version), null, 2)}\n`,
};

const isCheck = process.argv.includes('--check');
const stale = Object.entries(pages).filter(([name, write]) => settle(join(folder, name), write()));
if (isCheck && stale.length > 0) {
  process.stderr.write(
    `not what the tables say: ${stale.map(([name]) => join('docs/reference', name)).join(', ')}; run npm run docs\n`,
  );
  process.exit(1);
}

/** True when the file said something else. Writes it, unless this is a check. */
function settle(path: string, text: string): boolean {
  const before = readText(path);
  if (before === text) return false;
  if (!isCheck) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return true;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function readVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) return String(parsed.version);
  throw new Error('package.json has no version');
}

function rpcPage(): string {
  return [
    notice,
    '# The API',
    '',
    'JSON-RPC 2.0 at `POST /` and over a WebSocket at `/v1/ws`, and REST, with the same methods, parameters and answers.',
    '`GET /openapi.json` and the method `rpc.discover` give the same as documents for machines.',
    '',
    '- Amounts are decimal strings, hashes and keys hexadecimal, times Unix milliseconds. Values are text, or base64 where `encoding` says so.',
    '- Parameters go by name, or by position in the order below. Unknown ones are errors.',
    '- A refusal is `{code, message, data: {code, action}}` in JSON-RPC and `{code, message, action}` with its status in REST: see [errors](errors.md).',
    '- On a loopback address the scopes `read` and `submit` need no token. `admin` needs that of the file `.cookie` in the data folder:',
    '  `curl -H "authorization: Bearer $(cat ~/.kvchain/.cookie)"`.',
    '- `GET /healthz` answers while the process lives, `GET /readyz` when it is not catching up, `GET /metrics` for Prometheus.',
    '',
    '| method | scope | REST |',
    '|---|---|---|',
    ...methodNames.map(name => `| [${name}](#${anchorOf(name)}) | ${scopeOf(name)} | ${routesOf(name).join('<br>')} |`),
    '',
    ...methodNames.flatMap(describeMethod),
  ].join('\n');
}

function describeMethod(name: MethodName): readonly string[] {
  const row = rowOf(name);
  const parameters = propertiesOf(jsonSchema(row.params, 'input'));
  const lines = parameters.map(({ name: parameter, schema, isRequired }) => {
    const fallback = schema.default === undefined ? '' : `; default ${JSON.stringify(schema.default)}`;
    return `| ${parameter}${isRequired ? '' : '?'} | ${typeOf(schema)} | ${cell(`${schema.description ?? ''}${fallback}`)} |`;
  });
  const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method: name, params: row.example.params });
  return [
    `## ${name}`,
    '',
    `${row.doc} Scope: ${scopeOf(name)}.${row.isTestNetworkOnly ? ' Test networks only.' : ''}${row.isSocketOnly ? ' WebSocket only.' : ''}`,
    '',
    ...(lines.length === 0 ? [] : ['| parameter | type | meaning |', '|---|---|---|', ...lines, '']),
    ...(row.errors.length === 0 ? [] : [`Errors: ${row.errors.map(code => `\`${code}\``).join(', ')}.`, '']),
    '```json',
    request,
    JSON.stringify({ jsonrpc: '2.0', id: 1, result: row.example.result }),
    '```',
    '',
  ];
}

function scopeOf(name: MethodName): string {
  const { scope, plainScope } = rowOf(name);
  return plainScope === undefined ? scope : `${scope} (${plainScope} for the plain form)`;
}

function routesOf(name: MethodName): readonly string[] {
  return rowOf(name).routes.map(({ verb, path, when }) => {
    const condition =
      when === undefined
        ? ''
        : ` with ${Object.entries(when)
            .map(([key, wanted]) => (wanted === 'given' ? key : `${key}: ${wanted}`))
            .join(', ')}`;
    return `\`${verb} ${path}\`${condition}`;
  });
}

function typeOf(schema: { readonly [name: string]: unknown }): string {
  if (Array.isArray(schema.anyOf)) return schema.anyOf.map(typeOf).join(' or ');
  if (Array.isArray(schema.enum)) return schema.enum.map(value => `\`${value}\``).join(', ');
  return String(schema.type ?? 'any');
}

function anchorOf(name: string): string {
  return name.toLowerCase().replaceAll('.', '');
}

function errorsPage(): string {
  return [
    notice,
    '# Errors',
    '',
    'One append-only table. `exit` is what the command line ends with; `penalty` is what a peer loses of its score of 100.',
    '',
    '| code | number | JSON-RPC | HTTP | exit | penalty | meaning | what to do |',
    '|---|---|---|---|---|---|---|---|',
    ...errorCodes().map(code => {
      const { number, http, exit, penalty, meaning, action } = errorRow(code);
      return `| ${code} | ${number} | ${rpcNumber(code)} | ${http} | ${exit} | ${penalty} | ${cell(meaning)} | ${cell(action)} |`;
    }),
    '',
  ].join('\n');
}

function configPage(): string {
  return [
    notice,
    '# Configuration',
    '',
    'A flag is over the line of the same name in `kvchaind.yaml` in the data folder, that over the default. There are no environment variables.',
    'Unknown flags and keys are errors.',
    '',
    '| flag and key | value | default | meaning |',
    '|---|---|---|---|',
    ...settingNames.map(name => {
      const { kind, argument, default: value, meaning, onlyFor } = settingRow(name);
      const form = kind === 'switch' ? 'true or false' : `${argument}${kind === 'list' ? ' ...' : ''}`;
      const shown = value === null || (Array.isArray(value) && value.length === 0) ? 'none' : String(value);
      const note = onlyFor === undefined ? '' : onlyFor === 'init' ? ' Flag of `init` only.' : ' Flag only.';
      return `| \`${flagOf(name)}\` | ${form} | ${shown} | ${cell(meaning + note)} |`;
    }),
    '',
  ].join('\n');
}

function metricsPage(): string {
  const rows: readonly (readonly [string, MetricRow])[] = Object.entries(metricTable);
  return [
    notice,
    '# Metrics',
    '',
    '`GET /metrics`, for Prometheus; beside these the usual ones of the process, `kvchain_process_*` and `kvchain_nodejs_*`.',
    '',
    '| metric | kind | labels | meaning |',
    '|---|---|---|---|',
    ...rows.map(([name, { kind, labels, help }]) => `| ${name} | ${kind} | ${labels.join(', ')} | ${cell(help)} |`),
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
