/** Numbers in text: Content-Length and chunk sizes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asciiBytes, asciiText } from './ascii.ts';
import { parseDecimal, writeDecimal } from './decimal.ts';
import { writeHexadecimal } from './hexadecimal.ts';

const parse = (text: string): number => parseDecimal(asciiBytes(`9${text}9`), 1, text.length + 1);

test('parseDecimal takes 1*DIGIT to 2^53 - 1 and nothing else (RFC 9110 §8.6)', () => {
  for (const [text, value] of [
    ['0', 0],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740992', -1],
    ['9007199254740993', -1],
    ['10000000000000000', -1],
    ['', -1],
    ['+1', -1],
    ['-1', -1],
    ['1 ', -1],
    ['0x1', -1],
    ['1,1', -1],
    ['1.0', -1],
    ['\u00b2', -1],
  ] as const) {
    assert.equal(parse(text), value, text);
  }
});

test('writeDecimal and writeHexadecimal write what the platform writes', () => {
  const values = fc.oneof(
    fc.maxSafeNat(),
    fc.nat(70_000),
    fc.constantFrom(0, 9, 10, 15, 16, 255, 256, Number.MAX_SAFE_INTEGER),
  );
  fc.assert(
    fc.property(values, (value) => {
      const bytes = new Uint8Array(20);
      assert.equal(asciiText(bytes, 1, writeDecimal(bytes, 1, value)), String(value));
      assert.equal(asciiText(bytes, 1, writeHexadecimal(bytes, 1, value)), value.toString(16));
      assert.equal(bytes[0], 0);
    }),
  );
});
