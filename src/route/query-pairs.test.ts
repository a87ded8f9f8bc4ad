import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeQuery, equalsDecoded } from './query-pairs.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('decoding of query texts', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', ''],
    ['a+b', 'a b'],
    ['%41%7a', 'Az'],
    ['%2', '%2'],
    ['%', '%'],
    ['%%41', '%A'],
    ['%4G', '%4G'],
    ['a%2', 'a%2'],
    ['%C3%BC', 'ü'],
    ['%252B', '%2B'],
  ];
  for (const [text, expected] of cases) {
    it(`"${text}" is "${expected}"`, () => {
      const bytes = bytesOf(text);
      assert.deepEqual(decodeQuery(bytes, 0, bytes.length), bytesOf(expected));
      assert.ok(equalsDecoded(bytes, 0, bytes.length, bytesOf(expected)));
      assert.ok(!equalsDecoded(bytes, 0, bytes.length, bytesOf(`${expected}x`)));
      assert.ok(!equalsDecoded(bytesOf(`${text}x`), 0, bytes.length + 1, bytesOf(expected)));
    });
  }

  it('an escape does not reach beyond the end of its text', () => {
    const bytes = bytesOf('%41');
    assert.deepEqual(decodeQuery(bytes, 0, 2), bytesOf('%4'));
  });
});
