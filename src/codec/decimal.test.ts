/** Numbers in text, as Content-Length has them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes } from './ascii.ts';
import { parseDecimal } from './decimal.ts';

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
