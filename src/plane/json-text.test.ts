/** Texts for the access log, one byte for each character. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteText, jsonText } from './json-text.ts';

test('jsonText is ASCII, and JSON reads back what was written', () => {
  for (const text of ['plain', 'a "b" \\ c', 'größe', '\u0000\u007f\n', '😀']) {
    const json = jsonText(text);
    assert.match(json, /^[ -~]*$/);
    assert.equal(JSON.parse(json), text);
  }
});

test('byteText has a character for each byte of the UTF-8 form', () => {
  assert.deepEqual(Buffer.from(byteText('ä€'), 'latin1'), Buffer.from('ä€', 'utf8'));
});
