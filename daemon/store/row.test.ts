import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openRow, sealRow } from './row.ts';

it('a row, short or long, carries the CRC32C of key and value, as the native library computes it', () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 300 });
  const value = fc.uint8Array({ maxLength: 600 });
  fc.assert(
    fc.property(key, value, (rowKey, rowValue) => {
      const stored = sealRow(rowKey, rowValue);
      const checksum = new DataView(stored.buffer, stored.byteOffset).getUint32(rowValue.length);
      expect(checksum).toBe(crc32c(Buffer.concat([rowKey, rowValue])));
      expect(openRow(rowKey, stored, 'folder')).toEqual(rowValue);
    }),
    { numRuns: 200 },
  );
});
