/** When an incomplete head is worth another parse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes } from './ascii.ts';
import { mayEndHead } from './head-end.ts';

test('mayEndHead finds an empty line however the bytes are split', () => {
  for (const text of ['GET / HTTP/1.1\r\n\r\n', 'a\n\n', '\r\n\r\n']) {
    const bytes = asciiBytes(text);
    for (let from = 0; from < bytes.length; from++) {
      assert.equal(mayEndHead(bytes, 0, from, bytes.length), true);
      assert.equal(mayEndHead(bytes, 0, from, bytes.length - 1), false);
    }
  }
});

test('mayEndHead looks at nothing before the start and nothing past the end', () => {
  const bytes = asciiBytes('a\r\n\r\nb');
  assert.equal(mayEndHead(bytes, 3, 3, 5), false);
  assert.equal(mayEndHead(bytes, 0, 0, 4), false);
  assert.equal(mayEndHead(bytes, 0, 5, 6), false);
});
