/** The decoders of files that people hand over or a disk may damage: configuration, key files, imported rows, LevelDB's own files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { crc32c } from '@node-rs/crc32';
import { concat, toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { readRowsFrom } from '../../cli/import/rows.ts';
import { configFileName, readConfig } from '../../daemon/config.ts';
import { decodeKeyFile, encodeKeyFile } from '../../daemon/keystore/key-file.ts';
import { findTableDamage, readLog, readManifest } from '../../daemon/store/level-format.ts';
import { accepted, type Outcome, refused, type Target } from './target.ts';
import { outcomeOf } from './targets-chain.ts';

/** Opens what they need; `close` of the first takes it away again. */
export function fileTargets(): readonly Target[] {
  return [
    configTarget(),
    { name: 'key-file', shape: 'json', encoding: 'settled', testCases: 600, seeds: [], run: runKeyFile },
    importTarget('csv', ['key,value\na,1\n', '\ufeffkey,value\r\n"a ""b""","x\ny"\r\n', 'value,key\n1\n,,\n"']),
    importTarget('jsonl', [
      '{"key":"a","value":1.0}\n{"key":"b","value":"x"}\n',
      '{"value":{"a":[1e400,"]"]},"key":"\\u0061","value":[" } "]}\r\n\n[]\n{',
    ]),
    levelTarget('level-log', bytes => {
      const { records, damagedAt } = readLog(bytes);
      return damagedAt === null ? accepted(null) : refused(`damage after ${'r'.repeat(Math.min(9, records.length))}`);
    }),
    levelTarget('level-manifest', bytes => {
      const { tables } = readManifest([bytes.subarray(7)]);
      return refused(`tables: ${'t'.repeat(Math.min(9, tables.size))}`);
    }),
    levelTarget('level-table', bytes => refused(findTableDamage(bytes) ?? 'no damage')),
  ];
}

function configTarget(): Target {
  const folder = mkdtempSync(join(tmpdir(), 'kvchain-fuzz-'));
  const file = join(folder, configFileName);
  const texts = [
    'rpc-port: 8645\nlog-level: debug\npeers:\n  - /ip4/192.0.2.7/tcp/9645\n',
    '{"mine": true, "threads": 2, "rpc-tokens": ["a:read:0123456789abcdef0123456789abcdef"]}',
    'a: &a [*a, *a]\n<<: *a\n? {b: c}\n: !!binary dGV4dA==\n--- |\n  x\n...\n%YAML 1.1\n',
  ];
  return {
    name: 'config-file',
    shape: 'text',
    encoding: 'settled',
    testCases: 80,
    seeds: texts.map(toUtf8),
    run: bytes => {
      writeFileSync(file, bytes);
      return outcomeOf(readConfig(['--data-dir', folder]), () => null);
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

function runKeyFile(bytes: Uint8Array): Outcome {
  try {
    return accepted(encodeKeyFile(decodeKeyFile(bytes)));
  } catch (error) {
    if (error instanceof KvchainError && error.code === 'BAD_KEY_FILE') return refused(error.message);
    throw error;
  }
}

/** Rows of a file never throw, whatever stands in them, but for a first line of a CSV without the columns. */
function importTarget(format: 'csv' | 'jsonl', texts: readonly string[]): Target {
  const source = { file: `rows.${format}`, format, keyColumn: 'key', valueColumn: 'value' };
  return {
    name: `import-${format}`,
    shape: format === 'csv' ? 'text' : 'json',
    encoding: 'settled',
    testCases: 100,
    seeds: texts.map(toUtf8),
    run: async bytes => {
      const reasons = new Set<string>();
      try {
        for await (const read of readRowsFrom(Readable.from([Buffer.from(bytes)], { objectMode: false }), source)) {
          reasons.add(read.ok ? `row ${read.row.contentType}` : `${read.failed.code} ${read.failed.detail}`);
        }
      } catch (error) {
        if (error instanceof KvchainError && error.code === 'USAGE') return refused(error.message);
        throw error;
      }
      return refused([...reasons].sort().join('; '));
    },
  };
}

/** Functions over bytes of LevelDB's files, which say RangeError where they end too early. */
function levelTarget(name: string, run: (bytes: Uint8Array) => Outcome): Target {
  return {
    name,
    shape: 'bytes',
    encoding: 'settled',
    testCases: 1_000,
    seeds: levelSeeds(),
    run: bytes => {
      try {
        return run(bytes);
      } catch (error) {
        if (error instanceof RangeError) return refused(error.message);
        throw error;
      }
    },
  };
}

/** Two whole records of a log, one of them a version edit, and a table's end with blocks that match their checksums. */
function levelSeeds(): readonly Uint8Array[] {
  const edit = Uint8Array.of(
    1,
    1,
    0x78,
    2,
    5,
    3,
    9,
    4,
    7,
    9,
    6,
    5,
    0,
    1,
    0x6b,
    6,
    0,
    4,
    7,
    1,
    9,
    100,
    1,
    0x61,
    1,
    0x62,
  );
  const empty = Uint8Array.of(0, 0, 0, 0);
  const block = concat(empty, Uint8Array.of(0), masked(concat(empty, Uint8Array.of(0))));
  const footer = new Uint8Array(48);
  footer.set([0, 4, 0, 4]);
  new DataView(footer.buffer).setBigUint64(40, 0xdb4775248b80fb57n, true);
  return [
    concat(logRecord(edit), logRecord(toUtf8('a record'))),
    concat(block, footer),
    concat(new Uint8Array(7), edit),
  ];
}

function logRecord(data: Uint8Array): Uint8Array {
  const typed = concat(Uint8Array.of(1), data);
  return concat(masked(typed), Uint8Array.of(data.length, 0), typed);
}

function masked(bytes: Uint8Array): Uint8Array {
  const crc = crc32c(bytes);
  const checksum = new Uint8Array(4);
  new DataView(checksum.buffer).setUint32(0, (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0, true);
  return checksum;
}
