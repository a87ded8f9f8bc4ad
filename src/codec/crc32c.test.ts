/** CRC-32C against published values (RFC 3720 §B.4). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes } from './ascii.ts';
import { crc32c } from './crc32c.ts';

test('crc32c gives the published checksums (RFC 3720 §B.4)', () => {
  assert.equal(crc32c(asciiBytes('123456789'), 0, 9), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32), 0, 32), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(255), 0, 32), 0x62a8ab43);
  assert.equal(crc32c(new Uint8Array(0), 0, 0), 0);
});

test('crc32c counts the bytes of its own place as zero and reads its range alone', () => {
  const bytes = asciiBytes('xx123456789xx');
  const zeroed = asciiBytes('12\0\0\0\x00789');
  assert.equal(crc32c(bytes, 2, 9, 4), crc32c(zeroed, 0, 9));
  assert.equal(crc32c(bytes, 2, 9), 0xe3069283);
});
